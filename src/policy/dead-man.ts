/**
 * How does a node end itself when nobody else is left to do it? A bash script that waits for a deadline and shuts the
 * machine down, which ends it: the launch template says so. Needs bash, coreutils and util-linux on the node.
 */

/** EC2 takes no more. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const USER_DATA_CHARACTERS = 16_384;

/**
 * The deadline is a file, so that a later one is a new file and nothing else; it is read again every 30 s. One watcher
 * runs per node, and cloud-init starts it again with the machine. The program that shuts down is found when the timer
 * is set, and no other is ever called: on a simulated node it must be the simulator's, never that of the host.
 */
const ARM = `#!/bin/bash
hf_state=\${HOLDFAST_STATE_DIR:-/var/lib/holdfast}
hf_boot=/var/lib/cloud/scripts/per-boot
if [ -n "$HOLDFAST_STATE_DIR" ]; then hf_boot=$HOLDFAST_STATE_DIR/per-boot; fi
PATH=$PATH:/usr/sbin:/sbin
hf_off=$(command -v shutdown)
case $HOLDFAST_STATE_DIR:$hf_off in ?*:/sbin/* | ?*:/bin/* | ?*:/usr/*) hf_off= ;; esac
[ -n "$hf_off" ] && mkdir -p -m 700 "$hf_state" || { echo 'holdfast: no dead-man timer' >&2; exit 70; }
cat >"$hf_state/dead-man.new" <<END || exit 70
#!/bin/bash
if [ "\\$1" != watch ]; then exec setsid -f bash "\\$0" watch </dev/null >/dev/null 2>&1; fi
exec 9>"$hf_state/dead-man.lock"
flock -n 9 || exit 0
while read -r at <"$hf_state/dead-man.at"; do
  case \\$at in '' | *[!0-9]*) exit 1 ;; esac
  left=\\$((at - \\$(date +%s)))
  if [ \\$left -le 0 ]; then exec "$hf_off" -P now; fi
  if [ \\$left -gt 30 ]; then left=30; fi
  sleep \\$left 9>&-
done
END
chmod 700 "$hf_state/dead-man.new" && mv -f "$hf_state/dead-man.new" "$hf_state/dead-man" || exit 70
if [ -d "$hf_boot" ]; then cp -p "$hf_state/dead-man" "$hf_boot/holdfast-dead-man"; fi
hf_arm() {
  printf '%s\\n' "$1" >"$hf_state/dead-man.to" && mv -f "$hf_state/dead-man.to" "$hf_state/dead-man.at" || exit 70
  bash "$hf_state/dead-man"
}
`;

/** Sets the timer of a node, or moves it, to so many seconds after 1970. */
export function deadManScript(atSeconds: number): string {
  return `${ARM}hf_arm ${String(Math.ceil(atSeconds))}\n`;
}

/**
 * User data that sets the timer at first boot, so many seconds ahead, and then does what the user's own does. A multipart
 * text of the user's is left as it is, and so is one that leaves no room.
 */
export function withDeadMan(userData: string | undefined, seconds: number): string {
  const own = `${ARM}hf_arm $(($(date +%s) + ${String(Math.ceil(seconds))}))\n`;
  if (userData === undefined || userData === '') return own;
  const both = multipart(own, userData);
  const keepsItsForm = /^\s*(Content-Type|MIME-Version):/i.test(userData);
  return keepsItsForm || both.length > USER_DATA_CHARACTERS ? userData : both;
}

const BOUNDARY = '==holdfast-user-data==';

/** cloud-init takes several parts as MIME, and looks at the first line of a plain one to tell what it is. */
function multipart(own: string, userData: string): string {
  return [
    `Content-Type: multipart/mixed; boundary="${BOUNDARY}"`,
    'MIME-Version: 1.0',
    '',
    `--${BOUNDARY}`,
    'Content-Type: text/x-shellscript; charset="utf-8"',
    '',
    own,
    `--${BOUNDARY}`,
    'Content-Type: text/plain; charset="utf-8"',
    '',
    userData,
    `--${BOUNDARY}--`,
    '',
  ].join('\n');
}
