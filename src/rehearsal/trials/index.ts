export { type OptionTrial, trialForm } from './option-trial.ts';
export { tryOption } from './option.io.ts';
export { provePartitions } from './partitions.io.ts';
