using System.Diagnostics;
using QemuZeroCopy.Server.Web;

namespace QemuZeroCopy.Server.Tests.Web;

/// <summary>What is bundled does in a JavaScript engine what its modules do.</summary>
public sealed class PageBundleTests
{
    [Fact]
    public async Task Modules_run_once_in_the_order_in_which_they_need_each_other()
    {
        var modules = new Dictionary<string, string>
        {
            ["main.js"] = """
                import { say } from "./view/say.js";
                import { Counter, START as begin } from "./link/counter.js";
                import {
                  later,
                } from "./link/later.js";
                const counter = new Counter();
                say(`main ${counter.next()} ${begin} ${await_(later)}`);
                function await_(f) { return typeof f; }
                """,
            ["view/say.js"] = "export function say(text) { console.log(text); }\nconst own = 1;\nsay(`say ${own}`);",
            ["link/counter.js"] = """
                import { say } from "../view/say.js";
                const own = 2;
                /** Counts. */
                export class Counter {
                  #at = START;
                  next() { return ++this.#at; }
                }
                export const START = 40;
                say(`counter ${own}`);
                """,
            ["link/later.js"] = "import { say } from \"../view/say.js\";\nexport async function later() { say('never'); }",
        };
        Assert.Equal("say 1\ncounter 2\nmain 41 40 function\n", await RunAsync(PageBundle.Of("main.js", name => modules[name])));
    }

    [Fact]
    public void Modules_that_need_each_other_in_a_circle_are_refused()
    {
        var modules = new Dictionary<string, string>
        {
            ["a.js"] = "import { b } from \"./b.js\";\nexport const a = 1;", ["b.js"] = "import { a } from \"./a.js\";\nexport const b = 1;",
        };
        Assert.Throws<InvalidOperationException>(() => PageBundle.Of("a.js", name => modules[name]));
    }

    private static async Task<string> RunAsync(string module)
    {
        using Process node = Process.Start(new ProcessStartInfo("node", ["--input-type=module", "-"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken), errors = node.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.StandardInput.WriteAsync(module);
        node.StandardInput.Close();
        Assert.Equal("", await errors);
        return await output;
    }
}
