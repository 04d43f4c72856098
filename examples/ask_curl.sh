#!/usr/bin/env bash
# Ask about a .cotam stream: ask_curl.sh http://127.0.0.1:8000 photo.cotam "What is this?" MODEL
# The body goes through standard input, since a command line has no room for large pictures.
set -euo pipefail

server=$1 picture=$2 question=$3 model=$4
url="data:image/x-cotam;base64,$(base64 <"$picture" | tr -d '\n')"
printf '{"model": "%s", "messages": [{"role": "user", "content": [
  {"type": "image_url", "image_url": {"url": "%s"}}, {"type": "text", "text": "%s"}]}]}' \
    "$model" "$url" "$question" |
    curl --silent --show-error --fail-with-body "$server/v1/chat/completions" \
        --header 'Content-Type: application/json' --data-binary @-
