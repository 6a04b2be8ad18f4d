import { expect, it } from 'vitest';
import { signOnPage } from '../../src/demo/signing.io.ts';
import { makeDemoAuthenticator } from '../../src/demo/demo-authenticator.io.ts';
import { policyOf } from '../gate/people.ts';
import { freePort } from '../signing/browser.io.ts';

it('says PAGE_UNREACHED where this machine does not reach the page that it serves', async () => {
  const page = { url: `http://localhost:${await freePort()}/x/`, code: '000000' };
  const by = { authenticator: makeDemoAuthenticator(), policy: policyOf() };
  await expect(signOnPage(page, by)).rejects.toMatchObject({
    code: 'PAGE_UNREACHED',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});
