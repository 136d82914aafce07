import type { Checkup } from '../../src/client';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names';
import { runCli } from './fake-context';

const sound: Checkup = {
  serverVersion: '1.31.0',
  namespace: 'default',
  searchAttributes: Object.keys(SEARCH_ATTRIBUTES),
  workers: 2,
  clockAheadMs: 120,
  aws: [{ check: 'credentials', state: 'ok', found: 'account 1 at AWS' }],
};
const doctor = (more: Partial<Checkup>, args: string[] = []) =>
  runCli(['doctor', ...args], { client: { checkup: () => Promise.resolve({ ...sound, ...more }) } });

describe('doctor', () => {
  it('has a line for everything that is well, and exits with 0 although the plugin for ssh is not there', async () => {
    const { code, out } = await doctor({});

    expect(code).toBe(0);
    expect(out).toEqual(
      expect.arrayContaining([
        '✓ Temporal: server 1.31.0, namespace default',
        '✓ search attributes: all registered',
        '✓ worker: 2 poll',
        '✓ clock: 0.1 s ahead of the Temporal server',
        '✓ credentials: account 1 at AWS',
        '✓ reaper: comes round every 15m00s',
        '! ssh and cp: no session-manager-plugin on this machine',
      ]),
    );
  });

  it.each<[string, Partial<Checkup>, RegExp]>([
    [
      'a missing search attribute',
      { searchAttributes: [] },
      /fix: holdfast setup, or temporal operator search-attribute create .*HoldfastOwner/,
    ],
    ['no worker', { workers: 0 }, /fix: start one: holdfast dev/],
    ['a wrong clock', { clockAheadMs: -90_000 }, /✗ clock: -90\.0 s ahead.*[\s\S]*fix: .*NTP/],
    [
      'what the worker found',
      { aws: [{ check: 'x', state: 'failed', found: 'no', fix: 'do it' }] },
      /✗ x: no\n {4}fix: do it/,
    ],
  ])('exits with 2 for %s, and says what to do', async (_what, more, line) => {
    const { code, out } = await doctor(more);

    expect(code).toBe(2);
    expect(out.join('\n')).toMatch(line);
  });

  it('names a reaper that does not act, with its fix, and exits with 0: what runs needs none', async () => {
    const client = { checkup: () => Promise.resolve(sound), reaperSchedule: () => Promise.resolve(undefined) };

    const { code, out } = await runCli(['doctor'], { client });

    expect(code).toBe(0);
    expect(out).toContain(
      '! reaper: no reaper is acting (there is no schedule for it), so nobody ends what is killed or forgotten',
    );
    expect(out).toContain('    fix: holdfast setup');
  });

  it('prints the findings as JSON, and passes the regions on', async () => {
    const asked: unknown[] = [];
    const checkup = (regions?: string[]) => {
      asked.push(regions);
      return Promise.resolve(sound);
    };

    const { out } = await runCli(['doctor', '--regions', 'us-west-2, eu-west-1', '-o', 'json'], {
      client: { checkup },
    });

    expect(asked).toEqual([['us-west-2', 'eu-west-1']]);
    expect(JSON.parse(out.join('\n'))).toContainEqual({ check: 'credentials', state: 'ok', found: 'account 1 at AWS' });
  });
});
