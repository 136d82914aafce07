/** Journeys through the real Temporal UI: start from a template, start one like it, cancel one and many, run a schedule. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { templatesOf } from '../../src/cli/templates';
import { readConfig } from '../../src/config';
import { startStack, type Stack } from '../../src/dev/stack';
import { createFolderLibrary } from '../../src/library/folder';
import { editorOf, openBrowser, typeJson, until } from '../support/browser';
import { sharedTemporal } from '../support/temporal';

const root = resolve(__dirname, '../..');
jest.setTimeout(120_000);

/** With 1 the pictures of the documentation are taken anew. */
const takesPictures = process.env['HOLDFAST_TEST_PICTURES'] === '1';

/** What a team would keep as a template. */
const tiny = {
  name: 'tiny',
  lease: '20m',
  settle: '300ms',
  instanceProfile: 'holdfast-node',
  components: { worker: { count: 1, instanceTypes: ['t3.micro'] } },
};

/** Undone in reverse. */
const endings: (() => Promise<void> | void)[] = [];
let stack: Stack;
let browser: Browser;
let page: Page;
/** Started from the form of the template. */
const first = 'tiny-from-the-form';

beforeAll(async () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-doors-'));
  endings.push(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, 'templates'));
  writeFileSync(join(home, 'templates/tiny.json'), JSON.stringify(tiny));
  const env = { HOLDFAST_HOME: home, HOLDFAST_TEMPORAL_CLI: sharedTemporal().cli, HOLDFAST_OWNER: 'ada' };
  const library = createFolderLibrary(home);
  stack = await startStack({ config: readConfig(env), scenario: 'quick', exec: false, library, log: () => undefined });
  endings.push(() => stack.stop());
  await stack.client.setup({ templates: await templatesOf(library) });
  browser = await openBrowser();
  endings.push(() => browser.close());
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1440, height: 1000 } });
  page.setDefaultTimeout(15_000);
});
afterEach(() => page.close());

async function phaseIs(id: string, wanted: string): Promise<void> {
  await until(async () => (await stack.client.get(id).status()).phase === wanted);
}

async function startForm(id: string): Promise<void> {
  await page.getByTestId('workflowId').fill(id);
  await page.getByRole('button', { name: 'Start Workflow' }).last().click();
  await until(async () => (await stack.client.list({ query: `WorkflowId = '${id}'` })).length === 1);
}

/** The whole input that the form shows. */
async function shownInput(): Promise<typeof tiny> {
  const editor = editorOf(page);
  await editor.getByText('worker').waitFor();
  return JSON.parse(await editor.innerText()) as typeof tiny;
}

it('a template fills the start form on the first visit; a count is changed, and the experiment runs', async () => {
  await page.goto(stack.links.startTemplate('tiny'));
  await page.getByText('Task Queue is Active').waitFor();

  const input = await shownInput();
  expect(input).toEqual(tiny);
  expect(await page.locator('main').innerText()).not.toContain('HoldfastPhase');
  input.components.worker.count = 2;
  await typeJson(page, editorOf(page), JSON.stringify(input, null, 2));
  if (takesPictures) await page.screenshot({ path: join(root, 'docs/images/start-form.png'), clip: FORM });
  await startForm(first);

  await phaseIs(first, 'Ready');
  expect((await stack.client.get(first).status()).nodes).toHaveLength(2);
});

/** The form without the navigation at its left and top. */
const FORM = { x: 205, y: 50, width: 900, height: 900 };

it('one is started like another one, with an id and a lease of its own', async () => {
  await page.goto(stack.client.get(first).url);
  await page.getByRole('button', { name: 'More Actions' }).click();
  await page.getByRole('menuitem', { name: 'Start Workflow Like This One' }).click();
  await page.waitForURL(/start-workflow/);

  expect((await shownInput()).components.worker.count).toBe(2);
  await startForm('tiny-like-it');

  await phaseIs('tiny-like-it', 'Ready');
  const [one, other] = await Promise.all([first, 'tiny-like-it'].map((id) => stack.client.get(id).status()));
  expect(Date.parse(other?.expiresAt ?? '')).toBeGreaterThan(Date.parse(one?.expiresAt ?? ''));
});

it('a cancellation tears down in order', async () => {
  await page.goto(stack.client.get('tiny-like-it').url);
  await page.getByRole('button', { name: 'Request Cancellation' }).first().click();
  const dialog = page.getByTestId('cancel-confirmation-modal').and(page.locator('[open]'));
  await dialog.getByRole('button', { name: 'Confirm' }).click();

  expect(await stack.client.get('tiny-like-it').result()).toMatchObject({
    phase: 'Cancelled',
    certificate: { verdict: 'clean', left: [] },
  });
});

it('a schedule is paused with a reason, and nobody wonders why nothing runs', async () => {
  await stack.client.schedules.create({ id: 'nightly', spec: tiny, cron: ['0 2 * * *'] });
  await page.goto(`${stack.uiUrl}/namespaces/default/schedules/nightly`);
  await page.getByRole('button', { name: 'Pause' }).first().click();
  const dialog = page.locator('dialog[open], [role=dialog]').first();
  await dialog.locator('input, textarea').first().fill('release week');
  await dialog.getByRole('button', { name: 'Pause' }).click();

  await until(async () => (await stack.client.schedules.show('nightly')).paused);
  expect((await stack.client.schedules.show('nightly')).note).toContain('release week');
});

it('a batch cancels all that a query finds, and each tears itself down', async () => {
  const ids = ['many-1', 'many-2', 'many-3'];
  await Promise.all(ids.map((id) => stack.client.start(tiny, { id })));
  await Promise.all(ids.map((id) => phaseIs(id, 'Ready')));
  const query = "ExecutionStatus='Running' AND WorkflowType='experiment' AND WorkflowId STARTS_WITH 'many-'";
  await page.goto(`${stack.uiUrl}/namespaces/default/workflows?query=${encodeURIComponent(query)}`);
  await page.getByText('many-3').first().waitFor();
  await page.locator('thead input[type=checkbox]').first().check({ force: true });
  await page.getByTestId('bulk-cancel-button').click();
  const dialog = page.getByTestId('batch-cancel-confirmation').and(page.locator('[open]'));
  await dialog.getByRole('button', { name: 'Confirm' }).click();

  const results = await Promise.all(ids.map((id) => stack.client.get(id).result()));

  expect(results.map(({ phase, certificate }) => [phase, certificate.verdict])).toEqual(
    ids.map(() => ['Cancelled', 'clean']),
  );
  expect((await stack.client.get(first).status()).phase).toBe('Ready');
});
