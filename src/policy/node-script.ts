/**
 * What is sent to a node through SSM, and what does the answer mean? Bash scripts as text, and parsers of their output.
 *
 * A script is a prelude of shell functions and, after the line `# holdfast:begin`, one call of them. What a user wrote
 * (scripts, environment, paths, expected replies) travels as base64, so no shell ever reads it as its own words.
 * Needs on the node: bash, coreutils, gzip and setsid. No imports: this file is part of the workflow bundle.
 */

/** One readiness check of a node; services are looked at first, the others wait for them. */
export type NodeCheck =
  | { kind: 'service'; unit: string }
  | { kind: 'tcp'; port: number; send?: string; expect?: string }
  | { kind: 'http'; port: number; path: string; status: number; body?: string }
  | { kind: 'command'; script: string };

export interface ReadyRequest {
  /** How long the node itself waits for all checks to pass. */
  windowSeconds: number;
  checks: readonly NodeCheck[];
}

export interface StepRequest {
  /** Letters, digits and `._-`, at most 128. The script is started at most once per token and node. */
  token: string;
  /** Past it the step is ended and its exit code is 124. */
  timeoutSeconds: number;
  env: Readonly<Record<string, string>>;
  /** Run by bash, or by its own `#!` line, in the home folder of the agent's user. */
  script: string;
  /** A file the step writes, relative to the home folder; one that the step left untouched is no result. */
  resultPath?: string;
}

export type StepStream = 'stdout' | 'stderr' | 'result';

/** What one check saw. `wait` means that a service is not active yet, so the check was not made. */
export interface CheckReport {
  index: number;
  verdict: 'pass' | 'fail' | 'wait';
  /** At most 120 printable ASCII characters. */
  evidence: string;
}

/** How a step ended. 124: over its time limit; 143 or 137: killed, or lost with its machine. Sizes are of gzipped bytes. */
export interface StepReport {
  token: string;
  exitCode: number;
  stdoutBytes?: number;
  stderrBytes?: number;
  resultBytes?: number;
}

/** Bytes per `readScript`: in base64 they stay under the 24,000 characters that GetCommandInvocation gives back. */
export const READ_SLICE_BYTES = 17_400;

/** Checks four times a second until all pass or the window ends; exits 0 either way and prints what `parseChecks` reads. */
export function readyScript(request: ReadyRequest): string {
  return PRELUDE + readyCall(request);
}

/** Starts the step, or attaches to the one already started for its token; waits for its end; see `parseStep`. */
export function stepScript(request: StepRequest): string {
  return PRELUDE + stepCall(request);
}

/** A setup step and then the checks. When the step fails only its own line is printed and no check is made. */
export function setupThenReadyScript(request: { step: StepRequest; ready: ReadyRequest }): string {
  return PRELUDE + stepCall(request.step) + readyCall(request.ready);
}

/** Prints a slice of what a finished step left, gzipped, as one line of base64. At most `READ_SLICE_BYTES` arrive whole. */
export function readScript(request: { token: string; stream: StepStream; offset: number; length: number }): string {
  const { token, stream, offset, length } = request;
  return `${PRELUDE}hf_read ${word(token)} ${stream} ${whole(offset)} ${whole(length)}\n`;
}

/** Ends the step (TERM, then KILL after 10 s) and waits for its end. A step not yet started never starts afterwards. */
export function killScript(token: string): string {
  return `${PRELUDE}hf_kill ${word(token)}\n`;
}

/** The checks of a `readyScript` by index; lines of other origin are skipped. Empty when it was cut short. */
export function parseChecks(stdout: string): CheckReport[] {
  return stdout.split('\n').flatMap((line) => {
    const match = /^check\t(\d+)\t(pass|fail|wait)\t(.*)$/.exec(line);
    if (!match) return [];
    return [{ index: Number(match[1]), verdict: match[2] as CheckReport['verdict'], evidence: match[3] ?? '' }];
  });
}

/** How the step of a `stepScript` ended; undefined when the output holds no report. */
export function parseStep(stdout: string): StepReport | undefined {
  const match = /^step\t(\S+)\t(\d+)\t(\d+|-)\t(\d+|-)\t(\d+|-)$/m.exec(stdout);
  if (!match) return undefined;
  const [, token = '', exitCode, out = '-', err = '-', result = '-'] = match;
  return {
    token,
    exitCode: Number(exitCode),
    ...(out === '-' ? {} : { stdoutBytes: Number(out) }),
    ...(err === '-' ? {} : { stderrBytes: Number(err) }),
    ...(result === '-' ? {} : { resultBytes: Number(result) }),
  };
}

function stepCall({ token, timeoutSeconds, env, script, resultPath }: StepRequest): string {
  const result = resultPath === undefined ? '-' : encode(resultPath);
  const call = [word(token), whole(timeoutSeconds), encode(environment(env)), encode(script), result].join(' ');
  // The report line carries the exit code, so the SSM command itself fails only when the step could not be handled.
  return `hf_step ${call} || exit 0\n`;
}

function readyCall({ windowSeconds, checks }: ReadyRequest): string {
  return [`hf_ready ${whole(windowSeconds)} <<'HF_CHECKS'`, ...checks.map(checkLine), 'HF_CHECKS', ''].join('\n');
}

function checkLine(check: NodeCheck): string {
  switch (check.kind) {
    case 'service':
      return `service ${matching(check.unit, /^[A-Za-z0-9:_.@\\-]{1,256}$/, 'unit name')}`;
    case 'tcp':
      return `tcp ${whole(check.port)} ${encode(check.send ?? '')} ${encode(check.expect ?? '')}`;
    case 'http': {
      const path = matching(check.path, /^\/[\x21-\x7e]*$/, 'HTTP path');
      return `http ${whole(check.port)} ${path} ${whole(check.status)} ${encode(check.body ?? '')}`;
    }
    case 'command':
      return `command ${encode(check.script)}`;
  }
}

/** NAME=VALUE entries, each ended by a NUL, as `env -0` prints them. */
function environment(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(
      ([name, value]) =>
        `${matching(name, /^[A-Za-z_][A-Za-z0-9_]*$/, 'variable name')}=${value.replaceAll('\0', '')}\0`,
    )
    .join('');
}

function word(token: string): string {
  return matching(token, /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/, 'step token');
}

function whole(value: number): string {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a whole number: ${String(value)}`);
  return String(value);
}

/** The schema refuses such values before; here they would become words of a shell script. */
function matching(value: string, pattern: RegExp, what: string): string {
  if (!pattern.test(value)) throw new RangeError(`not a ${what}: ${JSON.stringify(value)}`);
  return value;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Base64 of the UTF-8 of a text, `-` for an empty one. Written out because workflow code has neither Buffer nor btoa. */
function encode(text: string): string {
  if (text === '') return '-';
  const bytes = utf8(text);
  let encoded = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const [a = 0, b, c] = bytes.slice(i, i + 3);
    const bits = (a << 16) | ((b ?? 0) << 8) | (c ?? 0);
    encoded += ALPHABET.charAt(bits >> 18) + ALPHABET.charAt((bits >> 12) & 63);
    encoded += b === undefined ? '=' : ALPHABET.charAt((bits >> 6) & 63);
    encoded += c === undefined ? '=' : ALPHABET.charAt(bits & 63);
  }
  return encoded;
}

function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const char of text) {
    const point = char.codePointAt(0) ?? 0;
    // Half a surrogate pair has no UTF-8: the replacement character, as TextEncoder does.
    const code = point >= 0xd800 && point < 0xe000 ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else {
      bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    }
  }
  return bytes;
}

/**
 * Folder of a step, `$hf_state/steps/TOKEN`: env, script, want (path of the result); runner (who claimed the step: boot,
 * pid, start time; made by link(2), so exactly one claim succeeds); group (leader of its process group); stdout, stderr
 * and later their .gz, result.gz; killed; exit (made by link(2), last).
 */
const PRELUDE = `#!/bin/bash
hf_state=\${HOLDFAST_STATE_DIR:-/var/lib/holdfast}
hf_address=\${HOLDFAST_NODE_ADDRESS:-127.0.0.1}
export HOME=\${HOME:-/root}
cd "$HOME" 2>/dev/null || cd /

# 70 is EX_SOFTWARE: the node could not do its part, whatever the step is like.
hf_fail() { printf 'holdfast: %s\\n' "$1" >&2; exit 70; }

hf_dir() {
  case $1 in '' | .* | *[!A-Za-z0-9._-]*) hf_fail "bad step token" ;; esac
  hf_step_dir=$hf_state/steps/$1
  mkdir -p -m 700 "$hf_state" && mkdir -p "$hf_step_dir" || hf_fail "cannot write $hf_step_dir"
}

# Who a process is beyond its pid, which the kernel gives to others later. A zombie is nobody.
hf_identity() {
  local boot stat
  { read -r boot </proc/sys/kernel/random/boot_id && read -r stat <"/proc/$1/stat"; } 2>/dev/null || return 1
  set -- "$1" \${stat##*) }
  [ "$2" != Z ] && printf '%s %s %s\\n' "$boot" "$1" "\${21}"
}

hf_lives() {
  local boot pid start
  read -r boot pid start <"$1" 2>/dev/null && [ "$(hf_identity "$pid")" = "$boot $pid $start" ]
}

hf_signal() {
  local boot pid start
  hf_lives "$2/group" || return 1
  read -r boot pid start <"$2/group"
  kill "-$1" -- "-$pid" 2>/dev/null || kill "-$1" "$pid" 2>/dev/null
}

hf_put() {
  [ "$2" = - ] && return 0
  printf %s "$2" | base64 -d >"$1.$$" && mv -f "$1.$$" "$1" || hf_fail "cannot write $1"
}

# Makes FILE with one line, unless it is there: true for exactly one of all who try.
hf_claim() {
  local mine=$1.$BASHPID claimed=1
  printf '%s\\n' "$2" >"$mine" && ln "$mine" "$1" 2>/dev/null && claimed=0
  rm -f "$mine"
  return $claimed
}

hf_zip() { local mine=$2.$BASHPID; gzip -nc <"$1" >"$mine" && mv -f "$mine" "$2"; }

hf_finish() {
  local name
  for name in stdout stderr; do [ -f "$1/$name" ] && hf_zip "$1/$name" "$1/$name.gz" 2>/dev/null; done
  hf_claim "$1/exit" "$2" && rm -f "$1/stdout" "$1/stderr"
}

hf_mark() { stat -c '%i %s %y' -- "$1" 2>/dev/null; }

# The detached part: claims the step, runs it in a process group of its own, keeps what it left.
hf_run() {
  local dir=$1 limit=$2 code want= before
  hf_claim "$dir/runner" "$(hf_identity $$)" || return 0
  if [ -f "$dir/want" ]; then
    want=$(cat "$dir/want")
    case $want in /*) ;; *) want=$PWD/$want ;; esac
    before=$(hf_mark "$want")
  fi
  SECONDS=0
  (
    hf_identity $BASHPID >"$dir/group"
    [ -f "$dir/env" ] && while IFS= read -r -d '' entry; do export "$entry"; done <"$dir/env"
    # The agent tells a node its own id; the pairs id=slot and id=volumes are the same text for all nodes of a command.
    case ,$HOLDFAST_SLOTS, in
      *",$AWS_SSM_INSTANCE_ID="*) slot=,$HOLDFAST_SLOTS, slot=\${slot#*",$AWS_SSM_INSTANCE_ID="}; export HOLDFAST_SLOT=\${slot%%,*} ;;
    esac
    case ,$HOLDFAST_VOLUMES, in
      *",$AWS_SSM_INSTANCE_ID="*) disk=,$HOLDFAST_VOLUMES, disk=\${disk#*",$AWS_SSM_INSTANCE_ID="}; export HOLDFAST_VOLUME=\${disk%%,*} ;;
    esac
    [ -f "$dir/script" ] || : >"$dir/script"
    read -r first <"$dir/script"
    case $first in '#!'*) chmod 700 "$dir/script" && exec timeout -k 10 "$limit" "$dir/script" ;; esac
    exec timeout -k 10 "$limit" bash "$dir/script"
  ) >"$dir/stdout" 2>"$dir/stderr" </dev/null
  code=$?
  if [ -e "$dir/killed" ]; then [ $code = 137 ] || code=143
  elif [ $code = 137 ] && [ "$limit" -gt 0 ] && [ $SECONDS -ge "$limit" ]; then code=124; fi
  if [ -n "$want" ] && [ -f "$want" ] && [ "$(hf_mark "$want")" != "$before" ]; then hf_zip "$want" "$dir/result.gz"; fi
  hf_finish "$dir" $code
}

# Waits for the end of a step. One whose runner is gone (machine restarted, killed by force) is over: 137.
hf_wait() {
  local dir=$1 polls=0
  until [ -e "$dir/exit" ]; do
    if [ -e "$dir/runner" ]; then
      if ! hf_lives "$dir/runner" && [ ! -e "$dir/exit" ]; then
        hf_signal KILL "$dir"
        hf_finish "$dir" 137
        [ -e "$dir/exit" ] || hf_fail "cannot write $dir"
      fi
    elif [ $polls -gt 100 ]; then
      hf_fail "the step did not start within 10 s"
    fi
    polls=$((polls + 1))
    if [ $polls -lt 100 ]; then sleep 0.1; else sleep 0.5; fi
  done
}

hf_size() { if [ -f "$1" ]; then printf '\\t%d' "$(wc -c <"$1")"; else printf '\\t-'; fi; }

hf_step() {
  local token=$1 limit=$2 dir code
  hf_dir "$token"
  dir=$hf_step_dir
  if [ ! -e "$dir/runner" ]; then
    hf_put "$dir/env" "$3"
    hf_put "$dir/script" "$4"
    hf_put "$dir/want" "$5"
    setsid -f bash -c "$(declare -f hf_identity hf_claim hf_zip hf_finish hf_mark hf_run); hf_run \\"\\$@\\"" \\
      holdfast "$dir" "$limit" </dev/null >/dev/null 2>&1 || hf_fail "cannot start a session"
  fi
  hf_wait "$dir"
  read -r code <"$dir/exit"
  printf 'step\\t%s\\t%d' "$token" "$code"
  hf_size "$dir/stdout.gz"
  hf_size "$dir/stderr.gz"
  hf_size "$dir/result.gz"
  printf '\\n'
  return "$code"
}

hf_read() {
  hf_dir "$1"
  [ -f "$hf_step_dir/$2.gz" ] || hf_fail "step $1 left no $2"
  tail -c "+$(($3 + 1))" "$hf_step_dir/$2.gz" | head -c "$4" | base64 -w 0
  printf '\\n'
}

hf_kill() {
  local dir polls=0
  hf_dir "$1"
  dir=$hf_step_dir
  : >"$dir/killed"
  if hf_claim "$dir/runner" 'never 0 0'; then hf_finish "$dir" 143; fi
  # Not before the group exists; the step's timeout(1) turns TERM into KILL after 10 s, the last resort is here.
  until [ -e "$dir/exit" ] || ! hf_lives "$dir/runner" || hf_signal TERM "$dir"; do sleep 0.05; done
  until [ -e "$dir/exit" ] || ! hf_lives "$dir/runner"; do
    polls=$((polls + 1))
    [ $polls -lt 120 ] || hf_signal KILL "$dir"
    sleep 0.1
  done
  hf_wait "$dir"
  printf 'killed\\t%s\\n' "$1"
}

hf_text() { if [ "$1" != - ]; then printf %s "$1" | base64 -d; fi; }

hf_service() {
  local seen code
  seen=$(timeout 5 systemctl is-active -- "$1" 2>&1)
  code=$?
  printf '%s %s' "$1" "\${seen:-no answer in 5 s}"
  return $code
}

# The last words of bash when a connection fails; 124 is timeout(1).
hf_refused() {
  if [ "$1" = 124 ]; then printf 'no answer in 5 s'; else printf %s "\${2##*: }"; fi
}

hf_tcp() {
  local reply code expect
  expect=$(hf_text "$3")
  reply=$(LC_ALL=C timeout 5 bash -c '
    exec 3<>"/dev/tcp/$1/$2" || exit 1
    [ "$3" = - ] || printf %s "$3" | base64 -d >&3
    [ -z "$4" ] && exit 0
    got=
    while [ \${#got} -lt 4096 ] && IFS= read -r -t 4 -d "" -N 1 char <&3; do
      got+=$char
      case $got in *"$4"*) break ;; esac
    done
    printf %s "$got"' holdfast "$hf_address" "$1" "$2" "$expect" 2>&1)
  code=$?
  if [ $code != 0 ]; then printf 'tcp %s %s' "$1" "$(hf_refused $code "$reply")"; return 1; fi
  if [ -z "$expect" ]; then printf 'tcp %s open' "$1"; return 0; fi
  case $reply in
    *"$expect"*) printf 'tcp %s answered %s' "$1" "$expect" ;;
    *) printf 'tcp %s expected %s, got %s' "$1" "$expect" "\${reply:-nothing}"; return 1 ;;
  esac
}

hf_http() {
  local reply code status body
  reply=$(LC_ALL=C timeout 5 bash -c '
    exec 3<>"/dev/tcp/$1/$2" || exit 1
    printf "GET %s HTTP/1.0\\r\\nHost: %s:%s\\r\\nUser-Agent: holdfast\\r\\nConnection: close\\r\\n\\r\\n" "$3" "$1" "$2" >&3
    head -c 65536 <&3 | tr -d "\\000"' holdfast "$hf_address" "$1" "$2" 2>&1)
  code=$?
  if [ $code != 0 ]; then printf 'http %s %s %s' "$1" "$2" "$(hf_refused $code "$reply")"; return 1; fi
  read -r _ status _ <<<"$reply"
  if [ "$status" != "$3" ]; then printf 'http %s %s %s, expected %s' "$1" "$2" "\${status:-gave nothing}" "$3"; return 1; fi
  body=$(hf_text "$4")
  case \${reply#*$'\\r\\n\\r\\n'} in
    *"$body"*) printf 'http %s %s %s' "$1" "$2" "$status" ;;
    *) printf 'http %s %s %s without %s' "$1" "$2" "$status" "$body"; return 1 ;;
  esac
}

# 20 s: room for a slow command-line tool, still bounded when it hangs. Output goes to a file: a pipe could be held open.
hf_command() {
  local code
  timeout -k 1 20 bash <(hf_text "$1") </dev/null >"$2" 2>&1
  code=$?
  printf 'exit %s %s' $code "$(tail -n 1 "$2")"
  return $code
}

# Writes pass or fail and the evidence of one check.
hf_check() {
  local kind a b c d seen verdict=fail
  read -r kind a b c d <<<"$1"
  seen=$(case $kind in
    service) hf_service "$a" ;;
    tcp) hf_tcp "$a" "\${b:--}" "\${c:--}" ;;
    http) hf_http "$a" "$b" "$c" "\${d:--}" ;;
    command) hf_command "$a" "$2.out" ;;
    *) printf 'unknown check %s' "$kind"; exit 1 ;;
  esac 2>&1) && verdict=pass
  printf '%s\\t%s\\n' $verdict "$(printf %s "$seen" | LC_ALL=C tr -cs '[:print:]' ' ' | head -c 120)" >"$2"
}

hf_round() {
  local i verdict up=yes
  for i in "\${!hf_lines[@]}"; do
    case \${hf_lines[i]} in service\\ *) ;; *) continue ;; esac
    hf_check "\${hf_lines[i]}" "$hf_work/$i"
    read -r verdict _ <"$hf_work/$i"
    [ "$verdict" = pass ] || up=no
  done
  for i in "\${!hf_lines[@]}"; do
    case \${hf_lines[i]} in service\\ *) continue ;; esac
    if [ $up = yes ]; then hf_check "\${hf_lines[i]}" "$hf_work/$i" &
    else printf 'wait\\twaits for the services\\n' >"$hf_work/$i"; fi
  done
  wait
}

hf_passed() {
  local i verdict
  for i in "\${!hf_lines[@]}"; do
    read -r verdict _ <"$hf_work/$i"
    [ "$verdict" = pass ] || return 1
  done
}

hf_ready() {
  local deadline=$((SECONDS + $1)) line i
  hf_lines=()
  while IFS= read -r line; do [ -z "$line" ] || hf_lines+=("$line"); done
  hf_work=$(mktemp -d) || hf_fail "cannot make a temporary folder"
  hf_round
  until hf_passed || [ $SECONDS -ge $deadline ]; do
    sleep 0.25
    hf_round
  done
  for i in "\${!hf_lines[@]}"; do printf 'check\\t%d\\t%s\\n' "$i" "$(cat "$hf_work/$i")"; done
  rm -rf "$hf_work"
}
# holdfast:begin
`;
