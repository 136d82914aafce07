import { MEANINGS } from './meanings';
import { read } from './markdown';
import { referenceFiles, REWRITE } from './reference';
import { fieldPaths, formKeys } from './spec-page';

const files = Object.entries(referenceFiles());

describe('the reference', () => {
  it.each(files)(`%s is what the sources say (renew it with: ${REWRITE})`, (path, text) => {
    expect(read(path)).toBe(text);
  });

  it('explains every field of a spec, and none that is not there', () => {
    expect(Object.keys(MEANINGS).sort()).toEqual(fieldPaths().sort());
  });

  it('explains every form of a field that takes several', () => {
    for (const { inSchema, explained } of formKeys()) expect(explained).toEqual(inSchema);
  });
});
