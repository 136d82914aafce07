import { blocksOf, pages } from './markdown';
import { commandsOf, complaintAbout } from './command-line';

const SHELL = ['sh', 'bash', 'shell', 'console', 'zsh'];
const shellBlocks = pages().flatMap((page) => {
  const blocks = blocksOf(page);
  const written = blocks.flatMap(({ file }) => (file === undefined ? [] : [file]));
  return blocks.filter(({ language }) => SHELL.includes(language)).map((block) => ({ ...block, written }));
});

describe('shell blocks of the documentation', () => {
  it('are there, and all named sh, so that none escapes this test under another name', () => {
    expect(shellBlocks.length).toBeGreaterThan(10);
    expect(shellBlocks.filter(({ language }) => language !== 'sh').map(({ place }) => place)).toEqual([]);
  });

  it.each(shellBlocks)('would run: $place', ({ text, written }) => {
    const complaints = commandsOf(text).map((line) => complaintAbout(line, written));

    expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([]);
  });
});

describe('a command line that', () => {
  it.each([
    ['names an unknown verb', 'holdfast obliterate latest', /unknown command 'obliterate'/],
    ['names an unknown option', 'holdfast run --fiel examples/gpu-one.yaml', /unknown option '--fiel'/],
    ['leaves out an argument', 'holdfast extend latest', /missing required argument 'duration'/],
    ['names a missing file', 'holdfast run -f examples/nothing.yaml', /examples\/nothing.yaml does not exist/],
    ['names a missing script', 'npm run demonstrate', /no such script/],
    ['gives a script a wrong option', 'npm run demo -- --fast', /unknown option '--fast'/],
    ['names a missing test', 'npx jest test/nothing', /test\/nothing does not exist/],
    ['names a missing program', 'node dist/nothing.js', /src\/nothing.ts does not exist/],
    ['sets an unknown variable', 'HOLDFAST_OWNR=ada holdfast list', /HOLDFAST_OWNR/],
    ['exports an unknown variable', 'export HOLDFAST_OWNR=ada', /HOLDFAST_OWNR/],
    ['calls a foreign program', 'terraform apply', /terraform/],
    [
      'leads an endpoint elsewhere',
      'temporal operator nexus endpoint create --name a --target-task-queue b',
      /holdfast/,
    ],
    ['makes too few search attributes', 'temporal operator search-attribute create --name A --type Int', /names\.ts/],
  ])('%s is noticed', (_what, line, complaint) => {
    expect(complaintAbout(line)).toMatch(complaint);
  });

  it.each([
    'holdfast run -f first.yaml --set lease=1h  # a comment',
    'HOLDFAST_OWNER=ada holdfast list --query "HoldfastOwner = \'ada\'" | head',
    'alias holdfast="npm run --silent holdfast --"',
    'holdfast spec validate examples/*.yaml',
    'holdfast --help',
    '',
  ])('is right passes: %s', (line) => {
    expect(complaintAbout(line, ['first.yaml'])).toBeUndefined();
  });
});
