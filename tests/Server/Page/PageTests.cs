using System.Diagnostics;
using System.Globalization;
using QemuZeroCopy.Pipeline.Frames;
using QemuZeroCopy.Server.Input;
using QemuZeroCopy.Server.Tests.Web;

namespace QemuZeroCopy.Server.Tests.Page;

/// <summary>The page's modules, checked outside of a browser: their types, and that both ends speak the same messages.</summary>
public sealed class PageTests
{
    private static readonly string s_checks = Path.Combine(Root(), "tests", "Page");

    [Fact]
    public async Task The_modules_pass_the_type_checker()
    {
        if (!Directory.Exists(Path.Combine(s_checks, "node_modules", "typescript")))
        {
            (int installed, string log) = await RunAsync("npm", "install", "--silent", "--no-audit", "--no-fund");
            Assert.True(installed == 0, $"npm install failed: {log}");
        }

        (int code, string findings) = await RunAsync("node", "node_modules/typescript/bin/tsc", "--noEmit");
        Assert.True(code == 0, findings);
    }

    [Fact]
    public async Task What_the_page_sends_is_what_the_server_reads()
    {
        (int code, string output) = await RunAsync("node", "messages.mjs");
        Assert.True(code == 0, output);
        var sink = new RecordingSink();
        var reader = new InputReader(new HeldInput(sink));
        foreach (string line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            reader.Apply(Convert.FromHexString(line), new PictureSize(1920, 1080));
        Assert.Equal(0, reader.Malformed);
        Assert.Equal(
            [
                "key KeyQ Down 'é' Shift, Control", "key KeyQ Repeat 'é' Shift, Control", "button Forward True", "to 0,0 of 1920x1080", "to 960,1079 of 1920x1080",
                "to 0,1079 of 1920x1080", "by 2,-1", "by 1,-1000", "scroll -120,60", "touch Begin 3 at 480,540", "key KeyQ Up 'é' Shift, Control", "button Forward False",
                "touch Cancel 3 at 0,0",
            ],
            sink.Drain());
    }

    [Fact]
    public async Task Text_is_typed_by_the_keys_of_the_chosen_layout()
    {
        (int code, string output) = await RunAsync("node", "layouts.mjs");
        Assert.True(code == 0, output);
        var texts = new Dictionary<string, XkbText>();
        int characters = 0;
        foreach (string[] words in output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')))
        {
            if (words[0] is "keys" or "shown" || words[1] == "missing")
                continue;
            if (!texts.TryGetValue(words[0], out XkbText? guest))
                texts.Add(words[0], guest = new XkbText(words[0]));
            foreach (string[] stroke in words[2..].Select(stroke => stroke.Split('+')))
            {
                foreach (string key in stroke)
                    guest.Set(LinuxKeys.ByCode[key], down: true);
                foreach (string key in stroke.Reverse())
                    guest.Set(LinuxKeys.ByCode[key], down: false);
            }

            Assert.True(guest.Take() == char.ConvertFromUtf32(int.Parse(words[1], CultureInfo.InvariantCulture)), string.Join(' ', words));
            characters++;
        }

        Assert.True(texts.Count >= 30 && characters > 30 * 97, $"{texts.Count} layouts, {characters} characters");
        foreach (XkbText guest in texts.Values)
            guest.Dispose();
        // With dead keys, Latin layouts make all of ASCII.
        string[] missing = [.. output.Split('\n').Where(line => line.Contains(" missing ", StringComparison.Ordinal) && !line.EndsWith("missing ", StringComparison.Ordinal)).Select(line => line.Split(' ')[0])];
        Assert.Equal(["bg", "gr", "il", "ru", "ua"], missing);
        Assert.Contains("\nshown U+0000 U+001B U+202E U+0301 a é 漢", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_display_s_rate_is_told_from_frames_of_which_some_were_missed()
    {
        (int code, string output) = await RunAsync("node", "refresh.mjs");
        Assert.True(code == 0, output);
        Assert.Equal("60 144 144\n120\n360 30\n", output);
    }

    [Fact]
    public void Every_key_that_a_page_can_name_has_a_number() =>
        Assert.All(LinuxKeys.ByCode.Keys, code => Assert.True(QemuZeroCopy.Server.Input.Qemu.Qnum.TryGet(code, out _), code));

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = s_checks, RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, process.ExitCode == 0 ? output : output + await errors);
    }

    private static string Root()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "QemuZeroCopy.sln")))
            folder = folder.Parent;
        return folder?.FullName ?? throw new InvalidOperationException("The tests run outside of the source tree.");
    }
}
