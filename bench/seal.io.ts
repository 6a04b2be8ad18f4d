import { sealRelease } from '../src/release/index.ts';

/** Seals a release in a process of its own, and prints the MiB that the process took. */
await sealRelease(process.argv[2] ?? '');
process.stdout.write(String(process.resourceUsage().maxRSS / 1024));
