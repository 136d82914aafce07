import { read } from './markdown';
import { referenceFiles, REWRITE } from './reference';
import { unexplained } from './spec-page';

const files = Object.entries(referenceFiles());

describe('the reference', () => {
  it.each(files)(`%s is what the sources say (renew it with: ${REWRITE})`, (path, text) => {
    expect(read(path)).toBe(text);
  });

  it('explains every field of a spec and every form that a field takes', () => {
    expect(unexplained()).toEqual([]);
  });
});
