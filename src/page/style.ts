/**
 * The one style of everything that a person looks at: pages, report, runbook, prompt; light and dark, phone, print.
 * A status is never told by its colour alone: it has a word, and a sign before it.
 */
export const style = `
:root{color-scheme:light dark;--ink:#1b2230;--soft:#545e70;--faint:#7c8596;--paper:#f7f6f2;--card:#fff;--line:#dedbd2;--well:#f1efe9;--go:#17693f;--go-bg:#e3f2e8;--no:#a72b23;--no-bg:#fbe7e4;--hold:#7a5200;--hold-bg:#fbf0d6;--info:#1f5a96;--info-bg:#e4eef9;--key:#7a3ea3;--num:#1f5a96;--str:#17693f;--mono:ui-monospace,"SF Mono",Menlo,Consolas,monospace}
@media(prefers-color-scheme:dark){:root{--ink:#e9e7e1;--soft:#a9b0bd;--faint:#8a92a1;--paper:#13161c;--card:#1b1f27;--line:#333a47;--well:#20252e;--go:#6fd3a1;--go-bg:#17301f;--no:#ff9d93;--no-bg:#3a1b19;--hold:#f0c060;--hold-bg:#352a10;--info:#8fc1f5;--info-bg:#16293d;--key:#d3a6f0;--num:#8fc1f5;--str:#6fd3a1}}
*{box-sizing:border-box}[hidden]{display:none!important}html{scroll-padding-top:1rem}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
.skip{position:absolute;left:-99rem;top:0;background:var(--card);padding:.6rem 1rem;z-index:2}.skip:focus{left:0}
header.site{border-bottom:1px solid var(--line);background:var(--card)}header.site>div{max-width:70rem;margin:0 auto;padding:.7rem 1.25rem;display:flex;flex-wrap:wrap;gap:.4rem 1.6rem;align-items:center}
.brand{display:flex;gap:.5rem;align-items:center;font-weight:700;text-decoration:none}header nav{display:flex;gap:1.2rem}header nav a{text-decoration:none;color:var(--soft)}header nav a:hover{color:var(--ink);text-decoration:underline}
main{max-width:70rem;margin:0 auto;padding:1.6rem 1.25rem 4rem}
.trail ol{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem;padding:0;margin:0 0 1rem;color:var(--soft);font-size:.9rem}.trail li+li::before{content:"/";margin-right:.3rem;color:var(--faint)}
h1{font-size:1.75rem;line-height:1.22;margin:.2rem 0 .5rem;letter-spacing:-.01em}h2{font-size:1.2rem;margin:2.4rem 0 .7rem;line-height:1.3}h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.5rem 0;max-width:46rem}a{color:inherit;text-underline-offset:.2em}ul,ol{padding-left:1.3rem;margin:.4rem 0}li{margin:.15rem 0}ul.bare{list-style:none;padding:0}
.soft,small{color:var(--soft)}.lead{font-size:1.08rem;color:var(--soft);max-width:46rem}
code,kbd,.mono{font-family:var(--mono);font-size:.875em}code[title]{white-space:nowrap}
pre{font:.85rem/1.55 var(--mono);background:var(--well);border:1px solid var(--line);border-radius:.5rem;padding:.9rem 1rem;margin:.6rem 0;overflow-x:auto;white-space:pre-wrap;tab-size:4}
.k{color:var(--key);font-weight:600}.s{color:var(--str)}.n{color:var(--num)}.c{color:var(--faint);font-style:italic}
.tag{display:inline-flex;align-items:baseline;gap:.35em;font-weight:650;font-size:.86rem;line-height:1.3;border-radius:.4rem;padding:.16rem .5rem;background:var(--well);color:var(--soft);white-space:nowrap}
.tag::before{content:"•"}.tag.go{background:var(--go-bg);color:var(--go)}.tag.go::before{content:"✓"}.tag.no{background:var(--no-bg);color:var(--no)}.tag.no::before{content:"✕"}.tag.hold{background:var(--hold-bg);color:var(--hold)}.tag.hold::before{content:"❙❙";font-size:.75em}.tag.info{background:var(--info-bg);color:var(--info)}.tag.info::before{content:"i";font-family:serif;font-style:italic}
.go{color:var(--go)}.no{color:var(--no)}.hold{color:var(--hold)}.info{color:var(--info)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.1rem 1.25rem;margin:1rem 0}.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,12.5rem),1fr));gap:1rem;margin:1rem 0}.cards>.card{margin:0}
.big{display:block;font-size:1.55rem;font-weight:700;line-height:1.25;letter-spacing:-.01em}
.warn{border:2px solid var(--no);background:var(--no-bg);color:var(--no);font-weight:700;padding:.6rem 1rem;border-radius:.6rem;margin:0 0 1.2rem;max-width:none}
.note{max-width:none;border-left:4px solid var(--info);background:var(--info-bg);padding:.6rem 1rem;border-radius:.3rem;margin:.8rem 0}.note.hold{border-color:var(--hold);background:var(--hold-bg);color:inherit}.note.no{border-color:var(--no);background:var(--no-bg);color:inherit}.note.go{border-color:var(--go);background:var(--go-bg);color:inherit}
dl.facts{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.35rem 1.4rem;margin:.8rem 0}dl.facts dt{color:var(--soft)}dl.facts dd{margin:0;min-width:0}
.scroll{overflow-x:auto}table{width:100%;border-collapse:collapse;font-size:.94rem;margin:.6rem 0}caption{text-align:left;color:var(--soft);font-size:.88rem;padding-bottom:.3rem}
th,td{overflow-wrap:break-word;max-width:min(20rem,22vw);text-align:left;vertical-align:top;padding:.5rem .9rem .5rem 0;border-top:1px solid var(--line)}thead th{border-top:0;color:var(--soft);font-weight:600;font-size:.86rem}tbody th{font-weight:600;min-width:7rem}td.num,th.num{text-align:right;font-variant-numeric:tabular-nums}
td code,th code{overflow-wrap:anywhere}tbody th .soft,tbody th code{font-weight:400}details{border-top:1px solid var(--line);padding:.55rem 0}details>summary{cursor:pointer;font-weight:600}details[open]>summary{margin-bottom:.4rem}details.card{border-top:1px solid var(--line)}
figure{margin:1rem 0}figcaption{color:var(--soft);font-size:.88rem;margin-top:.3rem}svg.figure{display:block;width:100%;height:auto;overflow:visible}svg.chart{display:block;overflow:visible}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}svg text.strong{fill:var(--ink);font-weight:600}
.f-line{stroke:var(--line);fill:none}.f-go{stroke:var(--go);fill:var(--go-bg)}.f-no{stroke:var(--no);fill:var(--no-bg)}.f-hold{stroke:var(--hold);fill:var(--hold-bg)}.f-info{stroke:var(--info);fill:var(--info-bg)}.f-plain{stroke:var(--faint);fill:var(--card)}.f-solid{stroke:var(--no);fill:var(--no)}
form{margin:0}label{display:block;font-weight:600;margin:.7rem 0 .25rem}.hint{color:var(--soft);font-size:.9rem;font-weight:400}
input,select,textarea,button,.button{font:inherit;color:inherit;background:var(--card);border:1px solid var(--faint);border-radius:.5rem;padding:.5rem .8rem;min-height:2.75rem;max-width:100%}textarea{width:100%;min-height:5rem}
input.code{font-family:var(--mono);font-size:1.25rem;letter-spacing:.2em;width:11rem;text-transform:lowercase}.digits{font-family:var(--mono);font-size:.95rem;line-height:1.9;color:var(--soft);display:flex;flex-wrap:wrap;gap:0 .75em;margin:.5rem 0;max-width:none}.digits b{color:var(--ink);font-size:1.9rem;line-height:1.3;letter-spacing:.08em;flex-basis:100%;display:flex;gap:.45em}
article.ended .now,article.ended .why:empty{display:none}article.ended dl.facts{margin:.3rem 0}.cards.tight{grid-template-columns:repeat(auto-fit,minmax(min(100%,10.5rem),1fr))}.cards.roomy{grid-template-columns:repeat(auto-fit,minmax(min(100%,19rem),1fr))}.big .tag{font-size:1.15rem}
pre.command{user-select:all;margin-bottom:.4rem}button.copy{font-size:.88rem;font-weight:500}button,.button{cursor:pointer;font-weight:650;display:inline-flex;align-items:center;text-decoration:none}button:disabled,button[aria-disabled=true]{opacity:.55;cursor:default}
button.primary,.button.primary{background:var(--ink);color:var(--paper);border-color:var(--ink)}button.danger{border-color:var(--no);color:var(--no)}.row{display:flex;flex-wrap:wrap;gap:.7rem;align-items:end}output{display:block;min-height:1.6em;margin-top:.6rem;font-weight:600}
progress{width:100%;height:.6rem;accent-color:var(--info)}:focus-visible{outline:3px solid var(--info);outline-offset:2px;border-radius:.2rem}
@media(max-width:40rem){.cards.tight{grid-template-columns:1fr 1fr;gap:.6rem}.cards.tight>.card{padding:.7rem .8rem}.tight .big{font-size:1.25rem}header nav a,header .brand,summary{min-height:2.75rem}header nav a,header .brand{display:inline-flex;align-items:center}summary{padding:.6rem 0}svg text.wide{display:none}main{padding:1.1rem .9rem 3rem}h1{font-size:1.4rem}dl.facts{grid-template-columns:1fr;gap:.1rem}dl.facts dd{margin-bottom:.5rem}table.stack thead{position:absolute;left:-99rem}table.stack tr{display:block;border-top:1px solid var(--line);padding:.5rem 0}table.stack td,table.stack th{display:block;max-width:none;border:0;padding:.12rem 0;text-align:left}table.stack td[data-head]::before{content:attr(data-head) ": ";color:var(--soft)}}
@media(prefers-reduced-motion:no-preference){.live::before{animation:pulse 1.6s ease-in-out infinite}@keyframes pulse{50%{opacity:.25}}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000}header.site,.trail,.skip,form,.noprint,button{display:none}main{max-width:none;padding:0}details{break-inside:avoid}details::details-content{content-visibility:visible;display:block;height:auto}.scroll,pre{overflow:visible}.cards{display:block}.cards>.card{margin:.8rem 0}.card,tr,figure{break-inside:avoid}a{text-decoration:none}}
`;
