import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cleanupPolicy, iamPolicy, OPERATIONS } from '../../src/aws/operations';

const SOURCES = resolve(__dirname, '../../src/aws');
const DOCUMENTS = [
  { file: 'iam-policy.json', policy: iamPolicy },
  { file: 'iam-policy-cleanup.json', policy: cleanupPolicy },
];
/** Set to write the document anew: `UPDATE_DOCS=1 npx jest test/aws/operations.test.ts`. */
const UPDATE = process.env['UPDATE_DOCS'] === '1';

/** What only cleanup calls: its adapters, and the two calls that say whose account and which regions. */
const CLEANUP_FILES = /^(inventory.*|identity)\.ts$/;

/** Every command class that these files of src/aws import from an AWS client. */
function importedCommands(files = /\.ts$/): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(SOURCES).filter((name) => files.test(name))) {
    const text = readFileSync(join(SOURCES, file), 'utf8');
    for (const [, names = ''] of text.matchAll(/import\s*\{([^}]*)\}\s*from\s*'@aws-sdk\/client-[^']+'/g)) {
      for (const [, name = ''] of names.matchAll(/\b(\w+)Command\b/g)) found.add(name);
    }
  }
  return [...found].sort();
}

describe('the list of operations', () => {
  it('holds exactly the commands that src/aws imports', () => {
    const imported = importedCommands();
    expect(imported.length).toBeGreaterThan(20);
    expect(OPERATIONS.map(({ name }) => name).sort()).toEqual(imported);
  });

  it('says which of them cleanup calls', () => {
    const imported = importedCommands(CLEANUP_FILES);
    expect(imported.length).toBeGreaterThan(40);
    expect(OPERATIONS.flatMap(({ name, cleanup }) => (cleanup ? [name] : [])).sort()).toEqual(imported);
  });

  it('names each operation once', () => {
    expect(new Set(OPERATIONS.map(({ action }) => action)).size).toBe(OPERATIONS.length);
  });

  it('calls nothing destructive a read', () => {
    const reads = OPERATIONS.filter(({ effect }) => effect === 'read');
    for (const { name } of reads) expect(name).toMatch(/^(Describe|Get|List)/);
  });
});

describe('the IAM policy', () => {
  it.each(DOCUMENTS)('is what docs/$file says', ({ file, policy }) => {
    const path = resolve(__dirname, '../../docs', file);
    const text = `${JSON.stringify(policy(), null, 2)}\n`;
    if (UPDATE) writeFileSync(path, text);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(text));
  });

  it('for cleanup alone allows what cleanup calls and nothing else, under the same conditions', () => {
    const called = OPERATIONS.flatMap(({ action, cleanup }) => (cleanup ? [action] : []));
    const { Statement } = cleanupPolicy();
    expect([...new Set(Statement.flatMap(({ Action }) => Action))].sort()).toEqual([...called].sort());
    for (const one of Statement) {
      const whole = iamPolicy().Statement.find(({ Sid }) => Sid === one.Sid);
      expect(whole).toEqual({ ...one, Action: expect.arrayContaining(one.Action) as string[] });
    }
  });

  it('allows every operation', () => {
    const allowed = new Set(iamPolicy().Statement.flatMap(({ Action }) => Action));
    for (const { action } of OPERATIONS) expect(allowed).toContain(action);
  });

  it('allows a deletion only of what carries our tag', () => {
    const destructive = OPERATIONS.filter(({ name }) => /^(Delete|Terminate|Release|Deregister|Detach)/.test(name));
    expect(destructive.length).toBeGreaterThan(8);
    for (const { action } of destructive) {
      for (const statement of iamPolicy().Statement.filter(({ Action }) => Action.includes(action))) {
        expect(statement.Condition).toEqual({ StringEquals: { 'aws:ResourceTag/ManagedBy': 'holdfast' } });
      }
    }
  });

  it('tags nothing that is neither being created nor ours', () => {
    const tagging = iamPolicy().Statement.filter(({ Action }) => Action.includes('ec2:CreateTags'));
    expect(tagging.map(({ Condition }) => Object.keys(Condition?.['StringEquals'] ?? {}))).toEqual([
      ['ec2:CreateAction'],
      ['aws:ResourceTag/ManagedBy'],
    ]);
  });
});
