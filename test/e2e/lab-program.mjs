// The least program that a lab can run: it supervises, and it starts a lab of its own in the foreground.
import { register } from 'tsx/esm/api';

register();
const { labRun, labSupervise } = await import('../../lab/lab.ts');
const { placeholderPlan } = await import('./placeholder-plan.ts');

const [, , , verb, , stateDirectory] = process.argv;
if (verb === 'supervise') await labSupervise({ stateDirectory });
const lab = await labRun({
  stateDirectory,
  plan: placeholderPlan(),
  detach: false,
  progress: (line) => process.stdout.write(`${line}\n`),
});
await lab.ended;
