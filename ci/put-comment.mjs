import { pipeline } from './pipeline.mjs';

/**
 * Puts Markdown into the pull request or merge request as one comment, and replaces it in the next run. The first line is the marker by which the
 * comment is found again. Without a token or a request it does nothing; what the API refuses is said, and fails nothing: a fork's token may only read.
 */
export async function putComment(body) {
  const comments = pipeline.comments();
  if (comments === null) return;
  const [marker] = body.split('\n', 1);
  try {
    const isOurs = await comments.isOurs(ask);
    const found = await earlier((one) => isOurs(one) && one.body?.split(/\r?\n/, 1)[0] === marker);
    if (found === undefined) await ask('POST', comments.all, { body });
    else await ask(comments.replaceBy, comments.one(found.id), { body });
  } catch (error) {
    console.log(`no comment was written: ${error.message}; it needs ${comments.right}`);
  }

  async function ask(method, url, json) {
    const answer = await fetch(url, {
      method,
      redirect: 'error',
      headers: { ...comments.headers, 'content-type': 'application/json' },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
    });
    if (!answer.ok) throw new Error(`the API answered ${answer.status}`);
    return answer.json();
  }

  async function earlier(isEarlier) {
    for (let page = 1; ; page += 1) {
      const some = await ask('GET', `${comments.all}?per_page=100&page=${page}`);
      const found = some.find(isEarlier);
      if (found !== undefined || some.length < 100) return found;
    }
  }
}
