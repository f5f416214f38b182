"""What a hostile message tries: nothing is loaded and no script runs, with the page's policy and also without it."""

import pytest

ELSEWHERE = "https://attacker.example/"
STYLES = [
    "background: url(URL)",
    "background: u\\72l(URL)",
    "background: \\75 \\72 \\6c (URL)",
    "background: \\000075rl('URL')",
    "background: URL('URL')",
    "background: ur/**/l(URL); background-image: url( 'URL' )",
    "background-image: image-set('URL' 1x)",
    "background-image: -webkit-image-set(url(URL) 1x)",
    "background-image: ima\\67e-set('URL' 1x)",
    "background-image: image-set(u\\72l(URL) 1x)",
    "background-image: cross-fade(url(URL), url(URL), 50%)",
    "background-image: -webkit-cross-fade(u\\72l(URL), u\\72l(URL), 50%)",
    "background-image: linear-gradient(red, blue), u\\72l(URL)",
    "--x: url(URL); background-image: var(--x)",
    "--x: u\\72l(URL); background-image: v\\61r(--x)",
    "background-image: var(--y, u\\72l(URL))",
    "content: u\\72l(URL)",
    "list-style-image: u\\72l(URL); display: list-item",
    "border-image: u\\72l(URL) 3 / 3px; border: 3px solid",
    "cursor: u\\72l(URL), auto",
    "mask: u\\72l(URL); -webkit-mask-image: u\\72l(URL)",
    "filter: u\\72l(URL#x)",
    "clip-path: u\\72l(URL#x)",
    "shape-outside: u\\72l(URL); float: left",
    "offset-path: u\\72l(URL#x)",
    "behavior: u\\72l(URL); -moz-binding: u\\72l(URL#x)",
    "color: red;}*{background: u\\72l(URL)",
    "background: url(URL",
    "background: url(data:image/svg+xml,<svg/>), u\\72l(URL)",
    "font-family: x\\;background:u\\72l(URL)",
]
SHEETS = [
    "@import 'URL';",
    "@import u\\72l(URL);",
    "@\\69mport 'URL';",
    "@im\\70ort url(URL) screen;",
    "/**/@charset 'x';@import/**/'URL';",
    "@font-face { font-family: x; src: u\\72l(URL) } body { font-family: x }",
    "@f\\6fnt-face { font-family: y; src: url(URL) } body { font-family: y }",
    "@media all { body { background: u\\72l(URL) } }",
    "@media all { @media screen { p { background: u\\72l(URL) } } }",
    "@supports (color: red) { body { background: u\\72l(URL) } }",
    "@layer x { body { background: u\\72l(URL) } }",
    "@container (min-width: 1px) { p { background: u\\72l(URL) } }",
    "@scope (body) { p { background: u\\72l(URL) } }",
    "@keyframes k { from, to { background: u\\72l(URL) } } p { animation: k 1s infinite }",
    "@property --p { syntax: '<image>'; inherits: true; initial-value: u\\72l(URL) } p { background: var(--p) }",
    "@namespace u\\72l(URL); p { color: red }",
    "@counter-style c { system: cyclic; symbols: u\\72l(URL) } p { display: list-item; list-style: c }",
    "body { & p { background: u\\72l(URL) } }",
    "p::before { content: u\\72l(URL) }",
    "p::after { content: image-set('URL' 1x) }",
    "html:has(p) { background: u\\72l(URL) }",
    "p[x='}*{background:url(URL)}'] , p { background: u\\72l(URL) }",
    "<!-- p { background: u\\72l(URL) } -->",
    "p { background: u\\72l(URL)",
]
MARKUPS = [
    "<img src=URL>",
    "<img srcset='URL 1x, URL 2x'>",
    "<img src=data:image/png;base64,x srcset=URL lowsrc=URL dynsrc=URL>",
    "<img src=x onerror='fetch(`URL`); top.hacked = true'>",
    '<img src=\'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg"><image href="URL"/></svg>\'>',
    "<img src='//attacker.example/x'><img src='\thttps:\n//attacker.example/x'>",
    "<picture><source srcset=URL><img></picture>",
    "<video poster=URL autoplay src=URL><source src=URL><track src=URL default></video>",
    "<audio autoplay src=URL></audio><embed src=URL><object data=URL></object><applet code=URL></applet>",
    "<iframe src=URL></iframe><iframe srcdoc='<img src=URL><script>top.hacked = true</script>'></iframe>",
    "<frameset><frame src=URL></frameset>",
    "<body background=URL><table background=URL><tr><td background=URL>x</table>",
    "<body onload='top.hacked = true' onpageshow='top.hacked = true'>",
    "<base href=URL><img src=x>",
    "<base target=_top><meta http-equiv=refresh content='0; url=URL'>",
    "<meta http-equiv=refresh content='0; url=javascript:top.hacked=true'>",
    "<meta http-equiv=set-cookie content='a=b'><meta name=referrer content=unsafe-url>",
    *(
        f"<link rel={rel} href=URL as=image>"
        for rel in ("stylesheet", "prefetch", "preload", "prerender", "preconnect", "icon", "modulepreload", "manifest")
    ),
    "<link rel=dns-prefetch href=URL>",
    '<script type=speculationrules>{"prefetch": [{"source": "list", "urls": ["URL"]}]}</script>',
    "<script src=URL></script><script>top.hacked = true</script><script type=module>top.hacked = true</script>",
    "<form action=URL><input type=image src=URL autofocus onfocus='top.hacked = true'><button>Go</button></form>",
    "<form id=f action=URL></form><button form=f formaction=URL autofocus onfocus='top.hacked = true'>Go</button>",
    "<a href=URL ping=URL target=_top>x</a><map name=m><area href=URL></map>",
    "<a href='javascript:top.hacked=true'>x</a><a href=' java\nscript:top.hacked=true'>x</a>",
    "<details open ontoggle='top.hacked = true'><summary>x</summary></details>",
    "<p style='animation: k' onanimationstart='top.hacked = true'>x</p>",
    "<svg onload='top.hacked = true'><image href=URL /><use href=URL#x /><feImage href=URL /></svg>",
    "<svg><animate onbegin='top.hacked = true' attributeName=x dur=1s /></svg>",
    "<svg><a><set attributeName=href to='javascript:top.hacked=true' /><text>x</text></a></svg>",
    "<svg><image><animate attributeName=href values=URL dur=1s /></image></svg>",
    "<svg><style>@import 'URL'; * { background: u\\72l(URL) }</style></svg>",
    "<svg><script href=URL /><script>top.hacked = true</script></svg>",
    "<math href='javascript:top.hacked=true'><mi xlink:href=URL>x</mi></math>",
    # Markup that changes when it is read again.
    "<svg></p><style><a id='</style><img src=URL onerror=top.hacked=true>'>",
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=URL onerror=top.hacked=true&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src=URL onerror=top.hacked=true>",
    "<noscript><p title='</noscript><img src=URL onerror=top.hacked=true>'></noscript>",
    "<xmp><p title='</xmp><img src=URL onerror=top.hacked=true>'></xmp>",
    "<textarea><p title='</textarea><img src=URL onerror=top.hacked=true>'></textarea>",
    "<title><p title='</title><img src=URL onerror=top.hacked=true>'></title>",
    "<template><img src=URL onerror=top.hacked=true></template>",
    "<div><template shadowrootmode=open><img src=URL onerror=top.hacked=true></template></div>",
    "<select><iframe><select><img src=URL onerror=top.hacked=true></select></iframe></select>",
    "<style><style/><img src=URL onerror=top.hacked=true>",
    "<style>/*</style><img src=URL onerror=top.hacked=true>*/</style>",
    "<!--><img src=URL onerror=top.hacked=true>--><![CDATA[><img src=URL onerror=top.hacked=true>]]>",
    "<p id=body name=body><form name=adoptedStyleSheets><input name=attributes><input name=childNodes></form>",
    "<p data-style-of-message='background: u\\72l(URL)' data-kept-style='background: u\\72l(URL)'>x</p>",
    "<p style='color: red' style='background: u\\72l(URL)'>x</p>",
    "<p / style='background: u\\72l(URL)'>x</p><p\fstyle=background:u\\72l(URL)>x</p>",
    "<x-y style='background: u\\72l(URL)' is=x><slot>x</slot></x-y>",
    "<plaintext><img src=URL onerror=top.hacked=true>",
]
ATTACKS = [
    *MARKUPS,
    *(f'<p style="{style}">x</p>' for style in STYLES),
    *(f'<body style="{style}"><p>x</p>' for style in STYLES),
    *(f"<style>body, p {{ {style} }}</style><p>x</p>" for style in STYLES),
    *(f"<style>{sheet}</style><p>x</p>" for sheet in SHEETS),
    *(f"<style>{sheet}<p>x</p>" for sheet in SHEETS),
]
SHOW = """async ([module, markup]) => {
    const { messageFrame } = await import(module);
    const shown = messageFrame(markup);
    const frame = shown.querySelector("iframe");
    document.querySelector("main").replaceChildren(shown);
    const empty = frame.contentDocument.body;
    for (let frames = 0; frame.contentDocument.body === empty; frames += 1) {
        if (frames > 1000) throw new Error(`not shown: ${markup}`);
        await new Promise((later) => requestAnimationFrame(later));
    }
    await new Promise((later) => requestAnimationFrame(() => requestAnimationFrame(later)));
    return [frame.contentDocument.documentElement.outerHTML, window.hacked === true];
}"""


class Reader:
    """Somebody who opens messages on the console's page."""

    def __init__(self, person):
        self.page = person.page
        self.asked = []
        self.page.context.route(f"{ELSEWHERE}**", lambda route: route.abort())
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.module = self.page.evaluate("document.querySelector('script').src.replace('start.js', 'message.js')")
        self.opens("<p>Hello</p>")
        self.page.wait_for_load_state("networkidle")  # the console loads its other views

    def opens(self, markup):
        """Return what is shown, and what was loaded."""
        self.asked.clear()
        shown, hacked = self.page.evaluate(SHOW, [self.module, markup])
        return shown, [*self.asked, *(["a script ran"] if hacked else [])]


@pytest.fixture(params=[False, True], ids=["with the policy", "without the policy"])
def reader(request, open_console):
    person = open_console(bypass_csp=request.param)
    person.signs_in()
    yield Reader(person)
    person.complaints.clear()  # the policy reports a base and some styles when they are read


def test_no_message_loads_anything_or_runs_a_script(reader):
    loaded = {}
    for number, attack in enumerate(ATTACKS):
        _, done = reader.opens(attack.replace("URL", f"{ELSEWHERE}{number}"))
        if done:
            loaded[attack] = done

    assert len(ATTACKS) > 150
    assert loaded == {}


def test_nothing_that_could_load_is_in_what_is_shown(reader):
    allowed = {"title"}  # shows where a link leads
    for attack in ATTACKS:
        reader.opens(attack.replace("URL", ELSEWHERE))
        names = (
            reader.page.frame_locator("iframe.message-frame")
            .locator("*")
            .evaluate_all(
                """all => all.flatMap((one) => [...one.attributes])
                  .filter(({ value }) => /attacker|hacked/.test(value)).map(({ name }) => name)"""
            )
        )
        assert set(names) <= allowed, attack


def test_harmless_styles_stay(reader):
    shown, _ = reader.opens(
        "<html lang=de><style>p { color: rgb(1, 2, 3); background: url(x) rgb(4, 5, 6) }"
        "@media screen { i { color: red } }</style>"
        "<body style='background: linear-gradient(red, blue)' bgcolor=red><p style='margin: calc(1px + 2px)'>"
        "<i>a</i></p><img src='data:image/gif;base64,R0lGODlhAQABAAAAACw=' alt=x><a href=' https://example.com/ '>b</a>"
    )
    frame = reader.page.frame_locator("iframe.message-frame")
    styles = frame.locator("p").evaluate("one => { const s = getComputedStyle(one); return [s.color, s.marginTop] }")

    assert styles == ["rgb(1, 2, 3)", "3px"]
    assert frame.locator("i").evaluate("one => getComputedStyle(one).color") == "rgb(255, 0, 0)"
    assert "linear-gradient" in frame.locator("body").evaluate("one => getComputedStyle(one).backgroundImage")
    assert frame.locator("img").get_attribute("src").startswith("data:image/gif")
    assert frame.locator("a").get_attribute("title") == "https://example.com/"
    assert frame.locator("a").get_attribute("href") is None
    assert 'lang="de"' in shown
