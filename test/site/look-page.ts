/** Scripts that run in a page and say what is wrong with it; text, because the tests know no document. */

/** What axe finds by its rules; in the dark only contrast differs. At most three places of each rule. */
export const violationsOf = (
  colours: 'light' | 'dark',
): string => `axe.run({ resultTypes: ['violations']${colours === 'dark' ? ", runOnly: ['color-contrast']" : ''} }).then(({ violations }) => violations.flatMap(({ id, nodes }) =>
  nodes.slice(0, 3).map(({ html, failureSummary }) => id + ': ' + html.slice(0, 160) + ' ' + failureSummary.slice(0, 200))))`;

/** What every page has: one first heading, one main part, a language, a title, names that are there once, links. */
export const formOf = `(() => {
  const problems = [];
  const all = (selector) => [...document.querySelectorAll(selector)];
  if (all('h1').length !== 1) problems.push(\`\${all('h1').length} first headings\`);
  for (const part of ['main', 'header.site', 'header.site nav', 'a.skip'])
    if (all(part).length !== 1) problems.push(\`\${all(part).length} of \${part}\`);
  if (document.documentElement.lang !== 'en') problems.push('no language');
  const ids = all('[id]').map(({ id }) => id);
  for (const id of new Set(ids)) if (ids.filter((one) => one === id).length > 1) problems.push(\`id \${id} twice\`);
  for (const one of all('pre, .scroll'))
    if (one.scrollWidth > one.clientWidth + 1) problems.push(\`goes on beside what is seen: \${one.outerHTML.slice(0, 160)}\`);
  const links = [...document.querySelectorAll('a')].map((one) => new URL(one.href));
  for (const { hash, pathname } of links)
    if (hash.length > 1 && pathname === location.pathname && document.getElementById(decodeURIComponent(hash.slice(1))) === null)
      problems.push(\`nothing at \${hash}\`);
  const inner = links.filter(({ origin }) => origin === location.origin).map(({ pathname, search }) => pathname + search);
  const outer = links.filter(({ origin }) => origin !== location.origin).map(String);
  return { title: document.title, problems: [...problems, ...outer.map((one) => \`leads away: \${one}\`)], links: [...new Set(inner)] };
})()`;

/** On a phone nothing is beside the screen, and a finger hits what is to be pressed. */
export const phoneOf = `(() => {
  const problems = [];
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth > width) {
    const wide = [...document.querySelectorAll('body *')].find((one) => {
      const box = one.getBoundingClientRect();
      return box.width > 0 && box.right > width + 1;
    });
    problems.push(\`\${document.documentElement.scrollWidth} px wide: \${wide?.outerHTML.slice(0, 120) ?? ''}\`);
  }
  for (const one of document.querySelectorAll('button, input, select, textarea, summary, header nav a')) {
    const { height, width: across } = one.getBoundingClientRect();
    if (height > 0 && (height < 44 || across < 44)) problems.push(\`too small to press, \${height} px: \${one.outerHTML.slice(0, 80)}\`);
  }
  return problems;
})()`;

/** On paper all that is folded is there, and nothing is cut off. */
export const paperOf = `(() => {
  const problems = [];
  for (const one of document.querySelectorAll('details:not(.noprint, .noprint details)')) {
    const inside = [...one.children].filter(({ tagName }) => tagName !== 'SUMMARY' && tagName !== 'FORM');
    if (inside.length > 0 && inside.every((part) => part.getBoundingClientRect().height === 0 && part.textContent !== ''))
      problems.push(\`stays folded: \${one.textContent.slice(0, 60)}\`);
  }
  for (const one of document.querySelectorAll('pre, .scroll, main'))
    if (one.scrollWidth > one.clientWidth + 1) problems.push(\`cut off: \${one.outerHTML.slice(0, 120)}\`);
  return problems;
})()`;
