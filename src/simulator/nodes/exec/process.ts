/** How does a node run an SSM command for real? As the agent does: the script as a file, a process group of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Outcome } from '../commands';
import type { SimNode } from '../node';
import { never } from '../wait';
import type { NodeFolder } from './folder';
import { metadataUrl } from './metadata';

export interface RunRequest {
  /** Names the files; unique per node. */
  id: string;
  script: string;
  workingDirectory?: string;
  /** Ends the process group: TERM, then KILL. */
  signal: AbortSignal;
}

/** Between TERM and KILL of a command that is cancelled or over its limit. */
const GRACE_MS = 2000;

/** What is kept of each stream: twice the longest answer of SSM (24,000 characters), for UTF-8. */
const KEPT_BYTES = 48_000;

/** Resolves when the command's own process has ended, whatever it left in the background; never when the machine went down. */
export async function runProcess(node: SimNode, folder: NodeFolder, request: RunRequest): Promise<Outcome> {
  const file = (suffix: string): string => join(folder.commands, `${request.id}.${suffix}`);
  writeFileSync(file('sh'), request.script, { mode: 0o700 });
  const [out, err] = [openSync(file('stdout'), 'w+'), openSync(file('stderr'), 'w+')];
  try {
    // The path as $0: a file without a `#!` line is then run by sh, as with the real agent.
    const child = spawn('/bin/sh', ['-c', '"$0"', file('sh')], {
      cwd: request.workingDirectory ?? folder.home,
      env: environment(node, folder),
      detached: true,
      stdio: ['ignore', out, err],
    });
    const exitCode = await ended(child, request.signal);
    return node.down.signal.aborted ? await never() : { exitCode, stdout: head(out), stderr: head(err) };
  } finally {
    closeSync(out);
    closeSync(err);
  }
}

/** Nothing of the simulator's own environment; the node of the same release that runs the simulator is on the PATH. */
function environment(node: SimNode, folder: NodeFolder): NodeJS.ProcessEnv {
  const system = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return {
    PATH: [folder.bin, folder.shims, dirname(process.execPath), system].join(':'),
    HOME: folder.home,
    LANG: 'C.UTF-8',
    HOLDFAST_STATE_DIR: folder.state,
    HOLDFAST_NODE_ADDRESS: node.instance.privateIp,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: metadataUrl(node),
    // What the real agent sets. Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/ssm-agent-technical-details.html
    AWS_SSM_INSTANCE_ID: node.instance.instanceId,
    AWS_SSM_REGION_NAME: node.instance.region,
  };
}

function ended(child: ChildProcess, signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    let force: NodeJS.Timeout | undefined;
    const stop = (): void => {
      killGroup(child, 'SIGTERM');
      force = setTimeout(() => killGroup(child, 'SIGKILL'), GRACE_MS).unref();
    };
    const done = (exitCode: number): void => {
      clearTimeout(force);
      signal.removeEventListener('abort', stop);
      resolve(exitCode);
    };
    child.once('error', () => done(CANNOT_RUN));
    child.once('exit', (code, name) => done(code ?? 128 + (name ? constants.signals[name] : 0)));
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop);
  });
}

/** What a shell gives for a program that it cannot run: here a working folder that is not there. */
const CANNOT_RUN = 126;

function killGroup(child: ChildProcess, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, name);
  } catch {
    // The group has ended by itself.
  }
}

function head(fd: number): string {
  const buffer = Buffer.alloc(KEPT_BYTES);
  return buffer.subarray(0, readSync(fd, buffer, 0, KEPT_BYTES, 0)).toString('utf8');
}
