import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { iamPolicy, OPERATIONS } from '../../src/aws/operations';

const SOURCES = resolve(__dirname, '../../src/aws');
const POLICY = resolve(__dirname, '../../docs/iam-policy.json');
/** Set to write the document anew: `UPDATE_DOCS=1 npx jest test/aws/operations.test.ts`. */
const UPDATE = process.env['UPDATE_DOCS'] === '1';

/** Every command class that a file of src/aws imports from an AWS client. */
function importedCommands(): string[] {
  const found = new Set<string>();
  for (const file of readdirSync(SOURCES).filter((name) => name.endsWith('.ts'))) {
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

  it('names each operation once', () => {
    expect(new Set(OPERATIONS.map(({ action }) => action)).size).toBe(OPERATIONS.length);
  });

  it('calls nothing destructive a read', () => {
    const reads = OPERATIONS.filter(({ effect }) => effect === 'read');
    for (const { name } of reads) expect(name).toMatch(/^(Describe|Get|List)/);
  });
});

describe('the IAM policy', () => {
  it('is what docs/iam-policy.json says', () => {
    const text = `${JSON.stringify(iamPolicy(), null, 2)}\n`;
    if (UPDATE) writeFileSync(POLICY, text);
    expect(JSON.parse(readFileSync(POLICY, 'utf8'))).toEqual(JSON.parse(text));
  });

  it('allows every operation', () => {
    const allowed = new Set(iamPolicy().Statement.flatMap(({ Action }) => Action));
    for (const { action } of OPERATIONS) expect(allowed).toContain(action);
  });

  it('allows a deletion only of what carries our tag', () => {
    const destructive = OPERATIONS.filter(({ name }) => /^(Delete|Terminate|Release)/.test(name));
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
