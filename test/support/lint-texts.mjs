/** What does ESLint say about files that do not exist? Cases on stdin as JSON, rule names per case on stdout. */
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';

/** Jest cannot load an ESLint configuration (an ES module) itself, so this runs as a process. Needs no types. */
const withoutTypes = {
  ...tseslint.configs.disableTypeChecked,
  files: ['**/*.ts'],
  languageOptions: { parserOptions: { project: null } },
};
const eslint = new ESLint({ overrideConfig: [withoutTypes] });
const answers = [];
for (const [file, code] of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(`${code}\n`, { filePath: `src/${file}` });
  answers.push(result.messages.map(({ ruleId, message }) => ruleId ?? message));
}
process.stdout.write(JSON.stringify(answers));
