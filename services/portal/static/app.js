// The one script of the console. Everything it does is comfort: without it each page still works by links and forms.
"use strict";
(() => {
  const body = document.body;
  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Writes by htmx carry the form token.
  document.addEventListener("htmx:config:request", (event) => {
    const token = one('meta[name="csrf-token"]');
    const headers = event.detail.ctx?.request?.headers ?? event.detail.headers;
    if (token && headers) headers["X-CSRF-Token"] = token.content;
  });

  // Toasts leave after six seconds, unless somebody is reading them.
  const fade = (toast) => {
    if (toast.dataset.toast) return;
    toast.dataset.toast = "leaving";
    let timer;
    const start = () => { timer = setTimeout(() => toast.remove(), 6000); };
    const stop = () => clearTimeout(timer);
    for (const name of ["mouseenter", "focusin"]) toast.addEventListener(name, stop);
    for (const name of ["mouseleave", "focusout"]) toast.addEventListener(name, start);
    start();
  };

  // Dialogs: <dialog id="x"> opened by data-dialog="x", closed by data-close; focus returns to the opener by itself.
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-dialog]");
    const dialog = opener && document.getElementById(opener.dataset.dialog);
    if (dialog instanceof HTMLDialogElement) { event.preventDefault(); dialog.showModal(); }
    if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
    // A menu closes when something else is pressed.
    for (const menu of all("details.rc-menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });

  // Two minutes before an idle session ends a note offers to stay; any request of the page puts it off.
  const idle = document.getElementById("idle");
  let ending;
  const awake = () => { clearTimeout(ending); if (idle) { idle.hidden = true; ending = setTimeout(() => { idle.hidden = false; }, 28 * 60_000); } };
  idle?.querySelector("button").addEventListener("click", () => fetch(location.href, { method: "HEAD" }).then((answer) => answer.redirected ? location.reload() : awake()));

  // Choices that send their form at once: filters of a list. With htmx the form says so itself.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
  });

  // A form that has been changed and not saved asks before the page is left.
  const unsaved = () => one("form[data-dirty=true]");
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-guard]")) { form.dataset.dirty = "true"; form.classList.add("rc-unsaved"); }
  });
  document.addEventListener("submit", (event) => {
    event.target.dataset.dirty = "false";
    const pressed = event.submitter;
    if (event.target.method === "post" && pressed && !event.target.hasAttribute("hx-post")) {
      setTimeout(() => { pressed.setAttribute("aria-disabled", "true"); pressed.classList.add("disabled"); }, 0);
    }
  });
  addEventListener("pageshow", () => { for (const button of all("[type=submit][aria-disabled]")) { button.removeAttribute("aria-disabled"); button.classList.remove("disabled"); } });
  addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

  // Keys: off inside fields, and where they were switched off. The dialog behind "?" lists them.
  const places = { o: "home", c: "contacts", u: "customers", f: "invoices", a: "dispatches", e: "messages" };
  let going = false;
  const rows = () => all("main .rc-t tbody tr th a");
  const tabs = () => all("main .rc-tabs a");
  const among = (links, at, step) => links[Math.min(links.length - 1, Math.max(0, at + step))];
  const move = (step) => among(rows(), rows().indexOf(document.activeElement), step)?.focus();
  const turn = (step) => {
    const at = tabs().findIndex((tab) => tab.hasAttribute("aria-current"));
    if (at >= 0 && among(tabs(), at, step) !== tabs()[at]) among(tabs(), at, step).click();
  };
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && field?.form) { field.form.requestSubmit(); return; }
    if (field || event.ctrlKey || event.metaKey || event.altKey || body.dataset.keys === "off") return;
    if (going) { going = false; one(`[data-place="${places[event.key]}"]`)?.click(); return; }
    switch (event.key) {
      case "/": { const search = one("input[type=search]"); if (search) { event.preventDefault(); search.focus(); } break; }
      case "g": going = true; setTimeout(() => { going = false; }, 1000); break;
      case "n": case "e": one(`main [aria-keyshortcuts="${event.key}"]`)?.click(); break;
      case "j": move(1); break;
      case "k": move(-1); break;
      case "[": turn(-1); break;
      case "]": turn(1); break;
      case "Escape": for (const menu of all("details.rc-menu[open]")) { menu.open = false; one("summary", menu).focus(); } break;
      case "?": document.getElementById("keys")?.showModal?.(); break;
    }
  });

  // After a page of errors the summary has the focus, so that it is read first.
  const settle = () => { all("[data-toast]").forEach(fade); one("#errors")?.focus(); };
  document.addEventListener("htmx:after:swap", () => { settle(); awake(); });
  settle();
  awake();
})();
