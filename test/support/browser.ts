/** How do tests drive the real Temporal UI? Chromium, and the few moves that its pages need. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Locator, type Page } from 'playwright-core';

/** Debian's browser unless HOLDFAST_TEST_CHROMIUM names another. */
export async function openBrowser(): Promise<Browser> {
  const executablePath = process.env['HOLDFAST_TEST_CHROMIUM'] ?? '/usr/bin/chromium';
  if (!existsSync(executablePath)) {
    const fix = 'install it (Debian: apt-get install chromium) or set HOLDFAST_TEST_CHROMIUM to its path';
    throw new Error(`no Chromium at ${executablePath}: ${fix}`);
  }
  const args = ['--no-sandbox', '--disable-gpu', '--disable-background-networking'];
  return chromium.launch({ executablePath, args });
}

/** Waits for what happens in an experiment rather than in the page. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('did not happen within 60 s');
    await new Promise((done) => setTimeout(done, 200));
  }
}

/** The JSON editor of a form or dialog. */
export function editorOf(where: Page | Locator): Locator {
  return where.locator('.cm-content[data-language=json][contenteditable=true]').first();
}

/** Replaces what is in an editor. */
export async function typeJson(page: Page, editor: Locator, json: string): Promise<void> {
  await editor.click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(json);
}
