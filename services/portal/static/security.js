// Passkeys, and comfort for the recovery codes. Forms that need this script are hidden until it has found what it needs.
"use strict";
(() => {
  const able = window.PublicKeyCredential?.parseRequestOptionsFromJSON && window.PublicKeyCredential.parseCreationOptionsFromJSON;

  const options = async (form) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const answer = await fetch(form.dataset.optionsFrom, { method: "POST", body: new FormData(form) });
    if (!answer.ok) throw new Error(answer.status);
    return answer.json();
  };
  const ask = async (form) => {
    const given = await options(form);
    const credential = form.dataset.passkey === "create"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(given) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(given) });
    form.elements.passkey.value = JSON.stringify(credential.toJSON());
    form.submit();
  };

  for (const form of able ? document.querySelectorAll("form[data-passkey]") : []) {
    form.hidden = false;
    for (const note of document.querySelectorAll("[data-without-passkeys]")) note.hidden = true;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const wrong = form.querySelector("[role=alert]");
      wrong.hidden = true;
      ask(form).catch(() => { wrong.hidden = false; });
    });
  }

  for (const place of document.querySelectorAll("[data-with-script]")) place.hidden = false;
  document.querySelector("[data-print]")?.addEventListener("click", () => print());
  document.querySelector("[data-copy]")?.addEventListener("click", async (event) => {
    const button = event.currentTarget;
    const lines = [...document.getElementById(button.dataset.copy).querySelectorAll("code")].map((code) => code.textContent);
    await navigator.clipboard.writeText(lines.join("\n"));
    button.querySelector("span").textContent = button.dataset.done;
  });
})();
