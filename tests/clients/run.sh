#!/usr/bin/env bash
# run.sh [--reference] [--only TEXT] SERVER_COMMAND...: every client against that server; install.sh has been run before.
#   --reference  the server is the official one: what is known to differ there is left out
#   --only TEXT  only the runs whose name has TEXT, such as "4.8", "polling", "wire", "python"
# CLIENTS_DIR is the folder given to install.sh, target/clients by default.
exec node "$(dirname "${BASH_SOURCE[0]}")/suite.mjs" "$@"
