import { type Document, html } from '../../html/index.ts';

/** Draws what went wrong, and what to do. */
export function problemPage(problem: string, fix: string, code?: string): Document {
  return {
    title: problem,
    main: html`<h1>${problem}</h1><p class="lead">${fix}</p>${code === undefined ? null : html`<p class="soft"><code>${code}</code></p>`}<p><a href="/">All releases</a></p>`,
  };
}
