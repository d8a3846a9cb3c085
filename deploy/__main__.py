"""python -m deploy: the `recapito` command."""

from deploy.commands import main

main()
