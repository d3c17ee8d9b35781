/** `tunnelmesh client add|list|show|enable|disable|delete`. */
import type { Command } from 'commander';
import { defineClientAdd } from './client-add.ts';
import { defineClientChanges } from './client-change.ts';
import { defineClientViews } from './client-view.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
Examples:
  tunnelmesh client add iPhone --gateway wg-eu --description "Zoe's phone"
  tunnelmesh client list
  tunnelmesh client show iphone --out ./iphone
  tunnelmesh client disable iphone --wait
  tunnelmesh client delete iphone`;

/** Adds the subcommand's own subcommands. */
export function define(command: Command, surroundings: Surroundings): void {
  command.addHelpText('afterAll', EXAMPLES);
  defineClientAdd(command, surroundings);
  defineClientViews(command, surroundings);
  defineClientChanges(command, surroundings);
}
