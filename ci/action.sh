#!/bin/sh
# The step of action.yml: runs `oneroof check` and hands its results to GitHub. It needs no token and no secret: with GITHUB_TOKEN it writes a comment.
set -eu

if [ -n "$CHECK_RELEASE" ]; then
  exec node "$GITHUB_ACTION_PATH/ci/release.mjs"
fi

out="$RUNNER_TEMP/oneroof-check"
rm -rf "$out"
mkdir -p "$out"

set -- check --postgres="$CHECK_POSTGRES" --sarif="$out/check.sarif" --junit="$out/check.xml" --markdown="$out/check.md"
if [ "$CHECK_ALL" = true ]; then set -- "$@" --all; fi
if [ -n "$CHECK_MIGRATIONS" ]; then set -- "$@" --migrations="$CHECK_MIGRATIONS"; fi
if [ -n "$CHECK_BASELINE" ]; then set -- "$@" --baseline="$CHECK_BASELINE"; fi
# who writes migrations can read what they run on, and a fork gets no address of production
if [ -n "$CHECK_AGAINST" ]; then
  if why=$(node "$GITHUB_ACTION_PATH/ci/own.mjs"); then
    set -- "$@" --against="$CHECK_AGAINST"
  else
    echo "::notice title=oneroof check::checked without production: this is $why"
  fi
fi

status=0
# what is checked is foreign: it gets no token
env -u GITHUB_TOKEN node "$GITHUB_ACTION_PATH/dist/cli/main.io.js" "$@" -- "$CHECK_DIRECTORY" >"$out/check.txt" 2>&1 || status=$?

# The names of a pull request are in this text, and the runner obeys `##[…]` anywhere in a line: it stops obeying until it reads a word
# that nobody can know. Only our own annotations are outside.
word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
echo "::stop-commands::$word"
grep -vE '^::(error|warning|notice) file=' "$out/check.txt" || true
echo "::$word::"
grep -E '^::(error|warning|notice) file=' "$out/check.txt" || true

if [ -f "$out/check.md" ]; then
  cat "$out/check.md" >>"$GITHUB_STEP_SUMMARY"
  if [ -n "${GITHUB_TOKEN:-}" ]; then node "$GITHUB_ACTION_PATH/ci/comment.mjs" "$out/check.md"; fi
fi
for name in sarif=check.sarif junit=check.xml markdown=check.md; do
  if [ -f "$out/${name#*=}" ]; then echo "${name%%=*}=$out/${name#*=}" >>"$GITHUB_OUTPUT"; fi
done
exit "$status"
