#!/bin/sh
# Prints the newest Python here that Touchstone runs on, by whatever name it is there. PYTHON, if
# set, is the only candidate. A name may exist and not run (pyenv's shims), so each is asked.
version='import sys; print(sys.version_info.major, sys.version_info.minor)'
found='' newest=0 without_venv='' unfit=''

for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
  answer=$("$name" -c "$version" 2>/dev/null) || continue
  minor=${answer#3 }
  case $answer in
    '3 11' | '3 12' | '3 13') ;;
    *) unfit="$unfit $name is $(echo "$answer" | tr ' ' .)."; continue ;;
  esac
  [ "$minor" -gt "$newest" ] || continue
  if "$name" -c 'import ensurepip, venv' 2>/dev/null; then
    found=$name newest=$minor
  elif [ -z "$without_venv" ]; then
    without_venv="$name 3.$minor"
  fi
done

if [ -n "$found" ]; then
  echo "$found"
elif [ -n "$without_venv" ]; then
  echo "${without_venv% *} cannot make a virtual environment: its venv module is missing" \
    "(Debian, Ubuntu: sudo apt install python${without_venv#* }-venv)." >&2
  exit 1
else
  echo "Touchstone needs Python 3.11, 3.12 or 3.13; none was found${PYTHON:+ at $PYTHON}.$unfit" \
    "Install one (Debian, Ubuntu: sudo apt install python3 python3-venv), or set PYTHON=/path/to/python." >&2
  exit 1
fi
