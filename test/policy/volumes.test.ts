/** Does each volume go the shortest way that loses nothing, and does it pin its slot's next node? */
import fc from 'fast-check';
import type { Node } from '../../src/contracts/messages';
import type { SlotVolume, VolumeCopy, VolumeMove } from '../../src/contracts/volumes';
import { copyStep, isAwaited, sourceOf } from '../../src/policy/volume-copies';
import {
  following,
  launchGroups,
  nextStep,
  withDevices,
  type Machines,
  type VolumeSeen,
} from '../../src/policy/volumes';
import type { ComponentSpec } from '../../src/schemas/experiment';
import { parseExperiment } from '../../src/schemas/parse';

function componentOf(volumes: object[]): ComponentSpec {
  const parsed = parseExperiment({ components: { bookkeeper: { volumes } } });
  const part = parsed.ok ? parsed.value.components['bookkeeper'] : undefined;
  if (part === undefined) throw new Error('no component');
  return part;
}

function volume(zone: string): SlotVolume {
  return { volumeId: `vol-${zone}`, device: '/dev/sdf', zone, origin: 'new' };
}

function node(slot: string, volumes?: SlotVolume[]): Node {
  const component = slot.slice(0, slot.lastIndexOf('-'));
  const rest = { instanceType: 't3.small', region: 'us-west-2', zone: 'us-west-2a', market: 'spot' as const };
  return {
    slot,
    component,
    generation: 1,
    instanceId: `i-${slot}`,
    ...rest,
    ...(volumes === undefined ? {} : { volumes }),
  };
}

const UNTIL = 1000;
/** Of a volume that nobody held. */
const FRESH: VolumeMove = {
  volumeId: 'vol-1',
  device: '/dev/sdf',
  slot: 'bookkeeper-0',
  to: 'i-new',
  toZone: 'us-west-2a',
  until: UNTIL,
};
const MOVE: VolumeMove = { ...FRESH, from: 'i-old' };

function seen(over: Partial<VolumeSeen> = {}): VolumeSeen {
  return { volumeId: 'vol-1', zone: 'us-west-2a', state: 'available', ...over };
}

function held(instanceId: string, state = 'attached'): VolumeSeen {
  return seen({ state: 'in-use', attachment: { instanceId, state } });
}

function machines(from: string | undefined, to: string | undefined): Machines {
  return {
    from: from === undefined ? undefined : { state: from },
    to: to === undefined ? undefined : { state: to },
  };
}

describe('the volumes of a component', () => {
  it('keep their devices whichever of them follow', () => {
    const part = componentOf([{ sizeGiB: 1 }, { sizeGiB: 2, follows: 'slot' }, { sizeGiB: 3 }]);

    expect(withDevices(part).map(({ device }) => device)).toEqual(['/dev/sdf', '/dev/sdg', '/dev/sdh']);
    expect(following(part).map(({ device, sizeGiB }) => [device, sizeGiB])).toEqual([['/dev/sdg', 2]]);
    expect(following(undefined)).toEqual([]);
  });
});

describe('lost nodes', () => {
  it('are one request per component, and per zone where volumes pin them', () => {
    const plain = [node('broker-0'), node('broker-1', []), node('client-0')];
    const pinned = [
      node('bookkeeper-0', [volume('us-west-2a')]),
      node('bookkeeper-1', [volume('us-west-2b')]),
      node('bookkeeper-2', [volume('us-west-2b')]),
    ];

    const groups = launchGroups([...plain, ...pinned]);

    expect(groups.map(({ component, zone, slots }) => [component, zone, slots.map(({ slot }) => slot)])).toEqual([
      ['broker', undefined, ['broker-0', 'broker-1']],
      ['client', undefined, ['client-0']],
      ['bookkeeper', 'us-west-2a', ['bookkeeper-0']],
      ['bookkeeper', 'us-west-2b', ['bookkeeper-1', 'bookkeeper-2']],
    ]);
  });
});

describe('a volume on its way', () => {
  it.each<[string, VolumeSeen | undefined, Machines, number, string]>([
    [
      'stays with the old machine while the new one is pending',
      held('i-old'),
      machines('running', 'pending'),
      0,
      'wait',
    ],
    ['stays there while the new one is not shown yet', held('i-old'), machines('running', undefined), 0, 'wait'],
    ['has its old machine ended once the new one runs', held('i-old'), machines('running', 'running'), 0, 'release'],
    ['waits for a machine that is ending', held('i-old'), machines('shutting-down', 'running'), 0, 'wait'],
    ['waits for its detachment', held('i-old', 'detaching'), machines('terminated', 'running'), 0, 'wait'],
    ['is never taken from a stranger', held('i-other'), machines('running', 'running'), 0, 'wait'],
    ['is attached when it is free', seen(), machines('terminated', 'running'), 0, 'attach'],
    ['is attached when it is found free late', seen(), machines('terminated', 'running'), UNTIL, 'attach'],
    ['is dropped when the new machine never runs', seen(), machines('terminated', 'pending'), UNTIL, 'dropped'],
    ['is not attached before the new machine runs', seen(), machines('terminated', 'pending'), 0, 'wait'],
    ['is waited for while it attaches', held('i-new', 'attaching'), machines('terminated', 'running'), 0, 'wait'],
    ['has come along when attached', held('i-new'), machines('terminated', 'running'), 0, 'attached'],
    ['that attaches is not taken back', held('i-new', 'attaching'), machines(undefined, 'running'), UNTIL, 'attached'],
    ['is free in another zone', seen({ zone: 'us-west-2b' }), machines('terminated', 'running'), UNTIL, 'free'],
    ['still held at the end is late', held('i-old'), machines('shutting-down', 'running'), UNTIL, 'late'],
    [
      'whose machine was never ended is late all the same',
      held('i-old'),
      machines('running', 'running'),
      UNTIL,
      'late',
    ],
    ['is gone when AWS knows it no more', undefined, machines('terminated', 'running'), 0, 'gone'],
    ['is gone when it broke', seen({ state: 'error' }), machines('terminated', 'running'), 0, 'gone'],
    ['is dropped when the new machine ended', seen(), machines('terminated', 'terminated'), 0, 'dropped'],
  ])('%s', (_says, disk, both, nowMs, step) => {
    expect(nextStep(MOVE, disk, both, nowMs)).toBe(step);
  });

  it('that was just made is waited for until it shows, and no longer than its time', () => {
    expect(nextStep(FRESH, undefined, machines(undefined, 'running'), 0)).toBe('wait');
    expect(nextStep(FRESH, undefined, machines(undefined, 'running'), UNTIL)).toBe('late');
    expect(nextStep(FRESH, seen({ state: 'creating' }), machines(undefined, 'running'), 0)).toBe('wait');
  });

  it('is attached only when free, in the zone of a running machine, and costs only its own machine its life', () => {
    const state = fc.constantFrom(undefined, 'pending', 'running', 'shutting-down', 'terminated');
    const disk = fc.option(
      fc.record({
        zone: fc.constantFrom('us-west-2a', 'us-west-2b'),
        state: fc.constantFrom('creating', 'available', 'in-use', 'deleting', 'error'),
        holder: fc.constantFrom(undefined, 'i-old', 'i-new', 'i-other'),
        attachment: fc.constantFrom('attaching', 'attached', 'detaching', 'busy'),
      }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(disk, state, state, fc.nat(2 * UNTIL), (drawn, from, to, nowMs) => {
        const volumeSeen = drawn && {
          ...seen({ zone: drawn.zone, state: drawn.state }),
          ...(drawn.holder === undefined ? {} : { attachment: { instanceId: drawn.holder, state: drawn.attachment } }),
        };
        const step = nextStep(MOVE, volumeSeen, machines(from, to), nowMs);
        if (step === 'attach') {
          expect([drawn?.state, drawn?.zone, to]).toEqual(['available', MOVE.toZone, 'running']);
        }
        if (step === 'release') expect([drawn?.holder, from, to]).toEqual(['i-old', 'running', 'running']);
        if (nowMs >= UNTIL) expect(['release', 'wait']).not.toContain(step);
      }),
    );
  });
});

describe('a volume that is stuck', () => {
  const spec = (onStuck: 'snapshot' | 'rebuild') => ({ onStuck });
  const here = { zone: 'us-west-2a' };
  const away = { zone: 'us-west-2b' };

  it('is copied or made anew as the spec says, and anew when there is nothing to copy', () => {
    const stuck = { volume: volume('us-west-2a'), node: away };
    expect(sourceOf({ ...stuck, spec: spec('snapshot') })).toBe('vol-us-west-2a');
    expect(sourceOf({ ...stuck, spec: spec('rebuild') })).toBeUndefined();
    expect(sourceOf({ ...stuck, spec: spec('snapshot'), isGone: true })).toBeUndefined();
  });

  it('is waited for unless it can neither be attached nor is to be copied', () => {
    const mine = volume('us-west-2a');
    expect(isAwaited({ volume: mine, node: here, spec: spec('rebuild') })).toBe(true);
    expect(isAwaited({ volume: mine, node: away, spec: spec('snapshot') })).toBe(true);
    expect(isAwaited({ volume: mine, node: away, spec: spec('rebuild') })).toBe(false);
  });

  const empty: VolumeCopy = {
    slot: 'bookkeeper-0',
    component: 'bookkeeper',
    device: '/dev/sdf',
    zone: 'us-west-2b',
    sizeGiB: 50,
    type: 'gp3',
    copyId: 'run-1/bookkeeper-0/2//dev/sdf',
    withinMs: UNTIL,
  };
  const copy: VolumeCopy = { ...empty, source: 'vol-1' };

  const startedAt = new Date(0).toISOString();
  it.each<[string, { state: string; startedAt: string } | undefined, number, string]>([
    ['is copied through a snapshot, however late', undefined, UNTIL, 'snapshot'],
    ['waits for its snapshot', { state: 'pending', startedAt }, 0, 'wait'],
    ['is restored from a complete one, however late', { state: 'completed', startedAt }, UNTIL, 'restored'],
    ['is made anew when the snapshot fails', { state: 'error', startedAt }, 0, 'new'],
    ['is made anew when the snapshot is not complete in time', { state: 'pending', startedAt }, UNTIL, 'new'],
  ])('%s', (_says, snapshot, nowMs, step) => {
    expect(copyStep(copy, snapshot, nowMs)).toBe(step);
  });

  it('is made anew at once without a source', () => {
    expect(copyStep(empty, undefined, 0)).toBe('new');
  });
});
