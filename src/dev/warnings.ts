/** Where do Node's own warnings go while progress is drawn? To a log instead of across the picture. */

/** Sends process warnings to `log` until the answer is called; Node's printing is as before then. */
export function divertWarnings(log: (line: string) => void): () => void {
  const usual = process.listeners('warning');
  const divert = (warning: Error): void => {
    log(`${warning.name}: ${warning.message}`);
  };
  process.removeAllListeners('warning');
  process.on('warning', divert);
  return () => {
    process.off('warning', divert);
    for (const one of usual) process.on('warning', one);
  };
}
