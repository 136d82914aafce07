import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { createFolderStore, folderName } from '../../src/results/folder';

describe('the folder store', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'holdfast-results-'));
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('keeps each document in the folder of its experiment and says where', async () => {
    const store = createFolderStore(root);

    const path = await store.put('exp-1', 'steps/bench/broker-0.stdout', new Uint8Array([104, 105]));

    expect(path).toBe(join(root, 'exp-1', 'steps', 'bench', 'broker-0.stdout'));
    expect(store.location('exp-1')).toBe(join(root, 'exp-1'));
    expect(await readFile(path, 'utf8')).toBe('hi');
  });

  it('replaces an older document and leaves no draft behind', async () => {
    const store = createFolderStore(root);

    await Promise.all(['a', 'b', 'c'].map((text) => store.put('exp-1', 'one.json', text)));
    await store.put('exp-1', 'one.json', 'last');

    expect(await readdir(join(root, 'exp-1'))).toEqual(['one.json']);
    expect(await readFile(join(root, 'exp-1', 'one.json'), 'utf8')).toBe('last');
  });

  it('reads what it keeps, and nothing where there is nothing', async () => {
    const store = createFolderStore(root);
    await store.put('exp-1', 'one.json', '{}');

    expect(await store.get('exp-1', 'one.json')).toBe('{}');
    expect(await store.get('exp-1', 'two.json')).toBeUndefined();
    expect(await store.get('exp-2', 'one.json')).toBeUndefined();
    await expect(store.get('exp-1', '../exp-2/one.json')).rejects.toThrow('is no name for a result');
  });

  it('links the experiment that began last as latest', async () => {
    const store = createFolderStore(root);

    await store.put('exp-1', 'a.json', '1');
    await store.put('exp-2', 'a.json', '2');
    await store.put('exp-1', 'b.json', '3');

    expect(await readlink(join(root, 'latest'))).toBe('exp-2');
  });

  it.each(['../x', 'a/../../x', '/etc/x', '', 'a//b', '.hidden', 'a\\b'])('refuses the name %j', async (name) => {
    await expect(createFolderStore(root).put('exp-1', name, '')).rejects.toMatchObject({ type: 'Internal' });
  });
});

describe('the folder of an id', () => {
  it('is the id itself where that is safe', () => {
    expect(folderName('pulsar-quick-261121-1329-x7k2')).toBe('pulsar-quick-261121-1329-x7k2');
  });

  it.each(['latest', 'con', 'nul.txt', 'a:b', 'EXP-1', 'ends.'])('is marked for %j', (id) => {
    expect(folderName(id)).toMatch(/~[0-9a-f]{8}$/);
  });

  it('differs between any two ids, also where case does not count, and is safe everywhere', () => {
    const id = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/);
    fc.assert(
      fc.property(id, id, (one, other) => {
        fc.pre(one !== other);
        expect(folderName(one).toLowerCase()).not.toBe(folderName(other).toLowerCase());
        expect(folderName(one)).toMatch(/^[A-Za-z0-9_][A-Za-z0-9._-]*(~[0-9a-f]{8})?$/);
        expect(folderName(one)).not.toMatch(/\.$/);
      }),
    );
    expect(folderName('EXP-1').toLowerCase()).not.toBe(folderName('exp-1'));
    expect(folderName('a:b')).not.toBe(folderName('a_b'));
  });
});
