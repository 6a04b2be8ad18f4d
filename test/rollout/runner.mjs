// A process that can be killed: it loads the built executor, waits for an errand on its input, and ends or stands still at a
// numbered boundary of it. It is plain JavaScript, because a warm process must cost little: there is one for each boundary.
import { createInterface } from 'node:readline';
import { execute } from '../../dist/rollout/index.js';

createInterface({ input: process.stdin }).once('line', async (line) => {
  const { sealed, connection, statement, direction, through, boundary, moment, signal, lease } = JSON.parse(
    String(line),
  );
  let passed = 0;
  const pass = () => {
    passed += 1;
    if (passed !== boundary) return;
    const end = () => process.kill(process.pid, signal);
    // what is asked of the server at this boundary is handed to the socket before the next turn of the loop
    if (moment === 'sent') setImmediate(end);
    else end();
  };
  try {
    const result = await execute({
      sealed,
      statement,
      direction,
      through,
      target: { name: 'test', executor: connection },
      ...(lease === undefined ? {} : { lease }),
      onProgress: pass,
      record: async () => pass(),
    });
    process.stdout.write(JSON.stringify({ ...result, boundaries: passed }));
  } catch (error) {
    process.stdout.write(String(error));
  }
  process.exit();
});
