import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { parse } from 'yaml';
import type { ExperimentHandle } from '../../src/client';
import { readConfig } from '../../src/config';
import { FINAL_PHASES } from '../../src/contracts/messages';
import { startStack, type Stack } from '../../src/dev/stack';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { blocksOf } from '../docs/markdown';
import { editorOf, openBrowser, typeJson, until } from '../support/browser';
import { sharedTemporal } from '../support/temporal';

const root = resolve(__dirname, '../..');
/** The lab needs 40 s on two idle cores, and everything else here happens while it runs or after it. */
jest.setTimeout(120_000);

/** With 1 the pictures of the documentation are taken anew. */
const takesPictures = process.env['HOLDFAST_TEST_PICTURES'] === '1';

/** Undone in reverse. */
const endings: (() => Promise<void> | void)[] = [];
let stack: Stack;
let browser: Browser;
let page: Page;
let lab: ExperimentHandle;

beforeAll(async () => {
  const home = mkdtempSync(join(tmpdir(), 'holdfast-page-'));
  endings.push(() => rmSync(home, { recursive: true, force: true }));
  const env = { HOLDFAST_HOME: home, HOLDFAST_TEMPORAL_CLI: sharedTemporal().cli, HOLDFAST_OWNER: 'ada' };
  const scenario = join(root, 'examples/scenarios/dry-pools.yaml');
  stack = await startStack({ config: readConfig(env), scenario, exec: true, log: () => undefined });
  endings.push(() => stack.stop());
  const spec = parse(readFileSync(join(root, 'examples/pulsar-lab.yaml'), 'utf8')) as ExperimentInput;
  lab = await stack.client.start({ ...spec, owner: 'ada', settle: '2s' });
  browser = await openBrowser();
  endings.push(() => browser.close());
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1440, height: 1330 } });
  page.setDefaultTimeout(15_000);
});
afterEach(() => page.close());

/** Says at once why when the phase cannot come any more. */
async function phaseIs(experiment: ExperimentHandle, wanted: string): Promise<void> {
  await until(async () => {
    const { phase, message } = await experiment.status();
    if (phase !== wanted && FINAL_PHASES.includes(phase)) throw new Error(`${phase}: ${message ?? 'no message'}`);
    return phase === wanted;
  });
}

/** The page without the navigation at its left and top. */
async function picture(name: string, bottom: Locator): Promise<void> {
  if (!takesPictures) return;
  const box = await bottom.boundingBox();
  const [left, top] = [205, 50];
  const height = (box?.y ?? 0) + (box?.height ?? 0) - top + 10;
  const clip = { x: left, y: top, width: 1440 - left, height };
  await page.screenshot({ path: join(root, 'docs/images', name), clip });
}

/** The first JSON block of the guide: what it tells users to paste. */
function specOfGuide(): string {
  const [block] = blocksOf('docs/temporal-ui.md').filter(({ language }) => language === 'json');
  if (block === undefined) throw new Error('docs/temporal-ui.md has no JSON block');
  return block.text;
}

describe('the Temporal UI', () => {
  it('shows a running experiment on one page: phase, lease, money, nodes by gate, launches and links', async () => {
    await phaseIs(lab, 'Running');
    await page.goto(lab.url);
    await page.getByTestId('user-metadata-tab').click();
    const frame = page.locator('iframe[src*="Lease"]');
    const details = frame.contentFrame();
    await details.getByText('Running', { exact: true }).waitFor();

    const text = (await details.locator('body').innerText()).replace(/\s+/g, ' ');
    const rows = (await details.locator('tr').allInnerTexts()).map((row) => row.replaceAll('\t', ' '));

    expect(text).toMatch(/Lease until 20\d\d-\S+, owner ada/);
    expect(text).toMatch(
      /Cost 0\.\d+ USD\/h, \d+ % below on-demand; spent 0\.\d+ USD by \d\d:\d\d:\d\d, at lease end 0\.\d+ USD/,
    );
    expect(text).toContain('No acting reaper: when this run is terminated');
    expect(rows[0]).toBe('component desired ec2 ssm setup service endpoint bought');
    expect(rows).toEqual(
      expect.arrayContaining([expect.stringMatching(/^zookeeper 3 3 3 3 3 3 t\S+ spot(, t\S+ spot)*$/)]),
    );
    expect(rows).toHaveLength(5);
    expect(text).toMatch(
      /zookeeper us-west-2 spot: 0 of 3 from 4 pools in \S+ s; refused InsufficientInstanceCapacity/,
    );
    expect(text).toMatch(/zookeeper us-west-2 spot-wide: 3 of 3/);
    const links = await Promise.all((await details.locator('a').all()).map((link) => link.getAttribute('href')));
    expect(links).toEqual([
      expect.stringContaining(`start-workflow?workflowType=experiment&taskQueue=holdfast&workflowId=${lab.id}`),
    ]);
    await picture('run-details.png', frame);
  });

  it('says what it was started for, before anything ran: summary, and wanted nodes and steps', async () => {
    await page.goto(lab.url);
    await page.getByTestId('user-metadata-tab').click();

    const summary = page.locator('iframe[src*="lease%202h"]').contentFrame();
    const wanted = page.locator('iframe[src*="wanted"]').contentFrame();

    await summary
      .getByText(/3 zookeeper, 3 bookkeeper, 2 broker, 1 client · .* · us-west-2 · ada · lease 2h/)
      .waitFor();
    await wanted.getByText('t3.micro').waitFor();
    await wanted.getByText('fixed-rate').waitFor();
  });

  it('takes more time for a lease as an update, and shows why it refuses nonsense', async () => {
    const { expiresAt } = await lab.status();
    await page.goto(lab.url);
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send an Update' }).click();
    // The page has a second, hidden one in a header that appears when it is scrolled.
    const dialog = page.getByTestId('update-confirmation-modal').and(page.locator('[open]'));
    await dialog.getByTestId('update-select-button').click();
    await dialog.getByRole('option', { name: /Lengthens the lease/ }).click();
    await typeJson(page, editorOf(dialog), '{"by": "2x"}');
    await dialog.getByRole('button', { name: 'Submit' }).click();

    await dialog.getByText('by: "2x" is no duration; write {"by": "2h"}', { exact: true }).waitFor();
    await typeJson(page, editorOf(dialog), '{"by": "1h"}');
    await dialog.getByRole('button', { name: 'Submit' }).click();

    const wanted = Date.parse(expiresAt) + 3_600_000;
    await until(async () => Date.parse((await lab.status()).expiresAt) === wanted);
  });

  it('refuses {} from the start form in seconds, with one line per field and the word for it', async () => {
    const startedAt = Date.now();
    await page.goto(stack.links.startExperiment);
    await page.getByTestId('workflowId').fill('nothing-said');
    await typeJson(page, editorOf(page), '{}');
    await page.getByRole('button', { name: 'Start Workflow' }).last().click();
    await until(async () => (await stack.client.list({ query: "WorkflowId = 'nothing-said'" }))[0]?.state === 'FAILED');
    await page.goto(stack.client.get('nothing-said').url);

    await page.getByText('Failed', { exact: true }).first().waitFor();
    await page.getByText('"message": "components: is missing (expected record)"').waitFor();
    await page.getByText('"type": "InvalidInput"').waitFor();
    expect(Date.now() - startedAt).toBeLessThan(15_000);
  });

  it('starts the spec of the guide from its form, which knows the queue and the type from the link', async () => {
    await page.goto(stack.links.startExperiment);
    await page.getByText('Task Queue is Active').waitFor();
    expect(await page.locator('#workflowType').inputValue()).toBe('experiment');
    await page.getByTestId('workflowId').fill('from-the-form');
    await typeJson(page, editorOf(page), specOfGuide());
    await page.getByRole('button', { name: 'Start Workflow' }).last().click();
    await until(async () => (await stack.client.list({ query: "WorkflowId = 'from-the-form'" })).length === 1);

    // Its end is looked at below, so that the other doors are tried meanwhile.
    await phaseIs(stack.client.get('from-the-form'), 'Configuring');
  });

  it('makes a schedule whose runs are experiments of their own', async () => {
    await page.goto(`${new URL(lab.url).origin}/namespaces/default/schedules/create`);
    await page.locator('#name').fill('nightly');
    await page.locator('#workflowType').fill('experiment');
    await page.locator('#workflowId').fill('nightly');
    await page.locator('#taskQueue').fill('holdfast');
    await typeJson(page, editorOf(page), specOfGuide());
    // A form that is not drawn to its end yet goes back to its first tab.
    await until(async () => {
      await page.getByTestId('string-tab').click();
      return page.locator('#cronString').isVisible();
    });
    await page.locator('#cronString').fill('0 2 * * *');
    await page.getByTestId('create-schedule-button').click();
    await page.waitForURL(/\/schedules$/);
    await page.goto(`${new URL(lab.url).origin}/namespaces/default/schedules/nightly`);
    await page
      .getByRole('button', { name: 'Schedule Actions' })
      .or(page.locator('#schedule-actions-menu-button'))
      .click();
    await page.getByRole('menuitem', { name: 'Trigger' }).click();
    await page.getByRole('button', { name: 'Trigger', exact: true }).last().click();
    const runs = { query: "WorkflowId STARTS_WITH 'nightly-'" };
    await until(async () => (await stack.client.list(runs)).length === 1);

    const id = (await stack.client.list(runs))[0]?.id ?? '';
    await phaseIs(stack.client.get(id), 'Configuring');

    expect(id).toMatch(/^nightly-20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const scheduled = await stack.client.list({ query: "HoldfastTrigger = 'schedule'" });
    expect(scheduled.map((run) => run.id)).toEqual([id]);
    await stack.client.get(id).stop();
  });

  it('tells the whole story in the timeline, one summary per step of it', async () => {
    await lab.result();
    await page.goto(lab.url);
    const timeline = page.locator('#content, main').last();
    await timeline.getByText('keep experiment.json').waitFor();

    for (const summary of [
      'admitExperiment • check the spec',
      'survey us-west-2',
      'launch zookeeper x3 spot t3.micro in us-west-2 (4 zones)',
      'launch zookeeper x3 spot t3a.micro t2.micro in us-west-2 (4 zones)',
      'watch 9 nodes, 0 ready',
      'run fixed-rate on client (1 nodes)',
      'collect fixed-rate of client-0',
      `clean up ${lab.id}`,
    ]) {
      await timeline.getByText(summary).first().waitFor();
    }
    await timeline
      .getByText(/the lease ends at 20/)
      .first()
      .waitFor();
    await page.getByText('Completed', { exact: true }).first().waitFor();
    await picture('run-page.png', page.locator('svg:has-text("check the spec")').last());
  });

  it('finds experiments by what became of them', async () => {
    await lab.result();
    await page.goto(lab.url);
    await page.getByTestId('search-attributes-tab').click();
    await page.getByText('"HoldfastPhase": "Done"').waitFor();
    const text = await page.locator('main').innerText();

    for (const shown of ['"HoldfastOwner": "ada"', '"HoldfastTemplate": "pulsar-lab"', '"HoldfastRegion": "us-west-2"'])
      expect(text).toContain(shown);
    expect(text).toMatch(/"HoldfastExpiresAt": "20/);
    expect(text).toMatch(/"HoldfastNodesReady": 9/);
    expect(text).toMatch(/"HoldfastCostUsd": 0\.0/);
  });

  it('shows that what was started from the form did its work and left nothing', async () => {
    const result = await stack.client.get('from-the-form').result();

    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean', left: [] } });
    expect(result.steps).toMatchObject([{ name: 'greet', exitCode: 0 }]);
  });
});
