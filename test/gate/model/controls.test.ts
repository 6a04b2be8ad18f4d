import { expect, it } from 'vitest';
import { installSql } from '../../../src/gate/index.ts';
import { controls, outsideControls } from './controls.ts';

/** The names of the controls whose text the gate's SQL does not hold. */
function moved(text: string): readonly string[] {
  return Object.entries({ ...controls, ...outsideControls }).flatMap(([name, [from]]) =>
    text.includes(from) ? [] : [name],
  );
}

it('each check that a control of the model switches off is in the SQL of the gate, to the letter', () => {
  const nothing = { digest: '', body: '' };
  const plan = { serverVersion: 180_000, uri: 'x', appOwner: 'x', policy: nothing, registry: nothing };
  const text = installSql({ ...plan, as: 'superuser' });
  expect(moved(text)).toEqual([]);
  // the negative control
  expect(moved(text.replaceAll('perform gate.require_open(of_statement, direction);', ''))).toEqual([
    'open when begun',
  ]);
});
