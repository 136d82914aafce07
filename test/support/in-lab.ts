/** How do tests that disturb all of an AWS run beside each other? Each in a lab of its own. */
import { startLab, type Lab } from './lab';

/** A test body that gets a lab, which is closed however the body ends. For `it.concurrent`, which knows no hooks. */
export function inLab(
  body: (lab: Lab) => Promise<void>,
  options: Parameters<typeof startLab>[0] = {},
): () => Promise<void> {
  return async () => {
    const lab = await startLab(options);
    try {
      await body(lab);
    } finally {
      await lab.close();
    }
  };
}
