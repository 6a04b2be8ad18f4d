import fc from 'fast-check';
import { seed } from './counts.ts';

// fast-check prints the seed and the path of a failure
fc.configureGlobal({ seed });
