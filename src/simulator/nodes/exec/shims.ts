/** What stands in for system programs on a node? Small bash programs, first on the PATH of everything that runs there. */

/** A program that hands its arguments to the simulator's door and prints and exits as that says. */
export function doorShim(port: number, instanceId: string, name: string): string {
  return `#!/bin/bash
# ${name} of a simulated node: the scenario decides.
exec 3<>/dev/tcp/127.0.0.1/${port} || exit 1
printf 'GET /${instanceId}/${name}?%s HTTP/1.0\\r\\n\\r\\n' "$(printf '%s\\0' "$@" | base64 -w 0)" >&3
while IFS= read -r header <&3; do [ "$header" = $'\\r' ] && break; done
IFS= read -r code <&3 || exit 1
cat <&3
exit "$code"
`;
}

/** timeout(1), which also notes every start of a step's script: how the ledger counts them without asking the script. */
export function timeoutShim(startsFile: string): string {
  return `#!/bin/bash
case \${!#} in */steps/*/script) printf '%s\\n' "\${!#}" >>${quoted(startsFile)} ;; esac
real=$(PATH=/usr/local/bin:/usr/bin:/bin type -P timeout)
exec "$real" "$@"
`;
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}
