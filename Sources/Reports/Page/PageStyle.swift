/// The page's style sheet. Plots have their own.
enum PageStyle {
    static let css: String = {
        // Shades are see-through, so that text on them keeps the page's ink; 0.62 of the strongest keeps it legible.
        let shades = (1...TokenView.Shading.levels).map { level in
            let opacity = Double(level * 62 / TokenView.Shading.levels) / 100
            let above = "background:rgb(var(--warm)/\(opacity))"
            let below = "background:rgb(var(--cool)/\(opacity))"
            let cut = "background:rgb(var(--cut)/\(opacity))"
            return
                ".by-t:checked~.text .a\(level),.scale .a\(level){\(above)}.by-t:checked~.text .b\(level),.scale "
                + ".b\(level){\(below)}"
                + ".by-p:checked~.text .p\(level),.scale .p\(level){\(cut)}"
        }.joined(separator: "\n")
        return """
            :root{color-scheme:light dark;--page:\(PlotStyle.lightPage);--ink:\(PlotStyle.lightInk);
            --muted:\(PlotStyle.lightMuted);\
            --rule:#d5dade;--raised:#f4f6f8;--link:\(PlotStyle.lightSeries[0]);--alert:\(PlotStyle.lightSeries[1]);\
            --good:\(PlotStyle.lightSeries[2]);\
            --warm:232 107 20;--cool:40 130 215;--cut:150 80 190}
            @media (prefers-color-scheme:dark){:root{--page:\(PlotStyle.darkPage);--ink:\(PlotStyle.darkInk);
            --muted:\(PlotStyle.darkMuted);\
            --rule:#363c43;--raised:#1e2226;--link:\(PlotStyle.darkSeries[0]);--alert:\(PlotStyle.darkSeries[1]);\
            --good:\(PlotStyle.darkSeries[2]);--warm:225 105 25;--cool:45 125 215;--cut:160 90 205}}
            *{box-sizing:border-box}
            html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
            body{margin:0 auto;max-width:1000px;padding:24px 20px 64px;background:var(--page);color:var(--ink);\
            font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:break-word}
            h1{font-size:1.9rem;line-height:1.2;margin:0 0 4px}
            h2{font-size:1.35rem;line-height:1.3;margin:44px 0 10px;padding-top:14px;border-top:1px solid var(--rule)}
            h3{font-size:1.05rem;margin:24px 0 8px}
            p{max-width:72ch;margin:0 0 14px}header p{color:var(--muted)}
            nav{display:flex;flex-wrap:wrap;gap:4px 18px}a{color:var(--link)}
            .warning{border-left:4px solid var(--alert);background:var(--raised);padding:10px 14px}
            .facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(145px,1fr));gap:12px;margin:14px 0 20px}
            .facts div{background:var(--raised);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
            .facts dt{color:var(--muted);font-size:.88rem}.facts dd{margin:0;font-size:1.25rem;line-height:1.35;
            font-weight:600;font-variant-numeric:tabular-nums}
            .facts dd.note{font-size:.88rem;font-weight:400;color:var(--muted)}
            .scrolls{overflow-x:auto;margin:14px 0 20px;width:max-content;min-width:100%;max-width:min(100vw - 40px,50vw + 445px)}
            table{border-collapse:collapse;font-size:.95rem;font-variant-numeric:tabular-nums}
            caption{text-align:left;color:var(--muted);padding-bottom:6px}
            th,td{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--rule);vertical-align:baseline}
            th{font-weight:400}thead th{font-weight:600;border-bottom:2px solid var(--rule);vertical-align:bottom}
            .number{text-align:right;padding:6px 0 6px 18px;white-space:nowrap}
            .number+:not(.number){padding-left:24px}thead .number{white-space:normal}
            tbody :not(.number){min-width:11ch}tbody th[scope=row]:not(.number){min-width:min(22ch,40vw)}
            .unit{font-weight:400;color:var(--muted)}
            .group th{padding-top:16px;color:var(--muted);font-weight:600}
            .emphasised th,.emphasised td{font-weight:600;background:var(--raised)}
            figure{margin:18px 0 26px}figcaption{color:var(--muted);font-size:.92rem;max-width:76ch;margin-top:8px}
            .plots{container-type:inline-size}.plots .narrow{display:none;max-width:540px}
            @container (max-width:680px){.plots .wide{display:none}.plots .narrow{display:block}}
            .beside{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(400px,100%),1fr));gap:20px 32px}
            pre{background:var(--raised);border:1px solid var(--rule);border-radius:8px;padding:12px 14px;
            overflow-x:auto;font-size:.86rem;line-height:1.45}
            code,.text{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
            details{border:1px solid var(--rule);border-radius:8px;padding:0 14px;margin:12px 0}
            summary{cursor:pointer;padding:10px 0;font-weight:600}details[open]{padding-bottom:12px}
            [hidden]{display:none!important}
            .chooser{display:flex;flex-wrap:wrap;align-items:center;gap:6px 12px;max-width:none}
            .chooser label{color:var(--muted)}
            select{max-width:100%;flex:0 1 auto;min-width:0;padding:7px 10px;border:1px solid var(--rule);
            border-radius:8px;\
            background:var(--raised);color:var(--ink);font:inherit}
            .mark{display:inline-block;padding:1px 10px;margin:0 4px 6px 0;border:1px solid var(--rule);
            border-radius:999px;font-size:.9rem}
            .mark.good{color:var(--good);border-color:currentColor;font-weight:600}
            .mark.bad{color:var(--alert);border-color:currentColor;font-weight:600}
            :focus-visible{outline:2px solid var(--link);outline-offset:2px}
            .tokens{margin:18px 0 26px}
            .tokens input{position:absolute;opacity:0}
            .tokens label{display:inline-block;padding:5px 14px;margin:0 6px 8px 0;border:1px solid var(--rule);
            border-radius:999px;cursor:pointer}
            .tokens input:checked+label{background:var(--ink);color:var(--page);border-color:var(--ink)}
            .tokens input:focus-visible+label{outline:2px solid var(--link);outline-offset:2px}
            .scale{display:none;align-items:center;gap:8px;font-size:.86rem;color:var(--muted);
            font-variant-numeric:tabular-nums;margin-bottom:10px}
            .scale b{flex:1 1 0;max-width:14px;height:14px;margin:0 -4px}.scale i{font-style:normal;padding:0 4px}
            .by-t:checked~.scale.t,.by-p:checked~.scale.p{display:flex}
            .text{max-width:none;margin:0;padding:12px 14px;border:1px solid var(--rule);border-radius:8px;\
            font-size:.92rem;line-height:1.75;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4}
            .prompt{color:var(--muted)}
            .text [data-n]{border-radius:3px;padding:2px 0;box-shadow:inset -1px 0 var(--page)}
            .text [data-n]:hover,.text [data-n]:focus{outline:2px solid var(--ink);outline-offset:0}
            .text i{font-style:normal;color:var(--muted);user-select:none}
            .break::before{content:"⏎"}.tab::before{content:"⇥"}.return::before{content:"␍"}.empty::before{content:"∅"}
            .text [data-n]:hover::after,.text:not(:hover) [data-n]:focus::after{content:attr(data-n);position:fixed;
            left:0;right:0;bottom:0;z-index:1;\
            padding:10px 16px;background:var(--ink);color:var(--page);font:15px/1.4 system-ui,sans-serif;
            text-align:center;white-space:normal;pointer-events:none}
            .spoken{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
            \(shades)
            @media print{.text [data-n]::after{display:none}details{border:0}}
            """
    }()
}
