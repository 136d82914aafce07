import { blocksIn, capacityState, newsIn } from '../../src/policy/capacity-input';
import { capacityDetails } from '../../src/policy/capacity-details';
import { emptyMemory, newsOf, recordNews } from '../../src/policy/pool-memory';
import { pool, refusal } from './pools';

const news = newsOf('lab-1', [pool({ zone: 'us-west-2b' })], [refusal('UnfulfillableCapacity')], () => 'Standard', 0);
const memory = recordNews(emptyMemory(), news);

describe('the input of a capacity workflow', () => {
  it('may be left out', () => {
    for (const nothing of [undefined, null, {}])
      expect(capacityState(nothing)).toEqual({ blocks: {}, told: 0, ignored: 0 });
  });

  it('is what a run hands to the next, through JSON', () => {
    const state = { ...memory, told: 7, ignored: 1, continueAfter: 100 };

    expect(capacityState(JSON.parse(JSON.stringify(state)))).toEqual(state);
  });

  it.each([
    ['us-west-2', 'must be an object or nothing'],
    [{ blocks: [] }, 'blocks: must be an object'],
    [{ blocks: { a: { ...memory.blocks['pool:us-west-2a/m6i.large/spot'], untilMs: '5' } } }, 'blocks.a: must have'],
    [{ continueAfter: 0 }, 'continueAfter: must be a whole number'],
    [{ bloks: {} }, 'bloks: is unknown'],
  ])('is refused when it is %j', (input, line) => {
    const state = capacityState(input);

    expect('problems' in state ? state.problems : []).toEqual([expect.stringContaining(line)]);
  });
});

describe('a message', () => {
  it('is news when it is whole', () => {
    expect(newsIn(JSON.parse(JSON.stringify(news)))).toEqual(news);
  });

  it.each([
    [undefined],
    ['dry'],
    [[]],
    [{ ...news, atMs: NaN }],
    [{ ...news, came: [{}] }],
    [{ ...news, refused: 'all' }],
  ])('is none when it is %j', (message) => {
    expect(newsIn(message)).toBeUndefined();
  });
});

describe('an answer', () => {
  it('is read entry by entry, leaving out what is none', () => {
    expect(blocksIn({ blocks: { ...memory.blocks, bad: { strikes: 1 } } })).toEqual(memory.blocks);
    expect(blocksIn(undefined)).toEqual({});
  });
});

describe('the page of a memory', () => {
  const view = { told: 3, ignored: 0 };

  it('says that nothing refused', () => {
    expect(capacityDetails('capacity/1/us-west-2', { ...view, blocks: {} }, 0)).toContain('Nothing refused lately.');
  });

  it('shows the longest block first, and what a pool may be asked for after it', () => {
    const both = recordNews(
      memory,
      newsOf('x', [], [refusal('VcpuLimitExceeded')], () => 'Standard', 0),
    );

    expect(capacityDetails('capacity/1/us-west-2', { ...view, ...both }, 0).split('\n')).toEqual([
      '**capacity/1/us-west-2** at 1970-01-01 00:00:00: 2 blocked, 0 open again; 3 messages heard',
      '',
      '| what | blocked until | strikes | then at once | class | code |',
      '|---|---|---|---|---|---|',
      '| family:us-west-2/Standard/spot | 1970-01-01 00:15:00 | 1 | any | quota | VcpuLimitExceeded |',
      '| pool:us-west-2a/m6i.large/spot | 1970-01-01 00:03:00 | 1 | 1 | capacity | UnfulfillableCapacity |',
    ]);
  });

  it('stays below what Temporal shows, however much is blocked', () => {
    const zones = Array.from({ length: 400 }, (_, at) =>
      refusal('UnfulfillableCapacity', { pool: pool({ zone: `us-west-2-lax-${String(at)}` }) }),
    );
    const many = recordNews(
      emptyMemory(),
      newsOf('x', [], zones, () => 'Standard', 0),
    );
    const page = capacityDetails('capacity/1/us-west-2', { ...view, ...many }, 0);

    expect(page.length).toBeLessThan(20_000);
    expect(page).toContain('and 250 more');
  });
});
