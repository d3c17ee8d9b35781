import type { Command } from 'commander';
/** Soon. */
export function define(command: Command): void {
  command.action(() => {
    throw new Error('soon');
  });
}
