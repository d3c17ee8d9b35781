/** The program's entry: this process's surroundings handed to {@link main}. */
import { main } from './program.ts';
import { processSurroundings } from './surroundings.ts';

process.exitCode = await main(process.argv.slice(2), processSurroundings());
