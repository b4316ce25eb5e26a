using System.Diagnostics;
using System.Globalization;
using System.Text;
using QemuZeroCopy.Server.Viewers;
using QemuZeroCopy.Server.Web;
using QemuZeroCopy.WebRtc.Tests;
using QemuZeroCopy.WebRtc.Tests.Local;

namespace QemuZeroCopy.Bench.Fanout;

/// <summary>
/// The viewers, in a process of their own so that what they cost is not the server's, and the side of it that tells them what
/// to do: one word a line, answered by lines.
/// </summary>
internal sealed class ViewerProcess : IDisposable
{
    /// <summary>What the program is called with to become the viewers.</summary>
    public const string Argument = "fanout-viewers";

    private readonly Process _process;
    private int _count;

    private ViewerProcess(Process process) => _process = process;

    public static ViewerProcess Start()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [typeof(ViewerProcess).Assembly.Location, Argument]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        return new ViewerProcess(Process.Start(start)!);
    }

    /// <summary>Lets so many more come, and waits until each is connected.</summary>
    public void Join(MediaService media, int count)
    {
        Say($"join {count}");
        for (int i = 0; i < count; i++)
        {
            string offer = Encoding.UTF8.GetString(System.Convert.FromBase64String(Hear()));
            MediaAnswer answer = media.OpenAsync(0, offer, "", CancellationToken.None).GetAwaiter().GetResult();
            if (answer.Outcome != MediaOutcome.Accepted)
                throw new InvalidOperationException($"A viewer was refused: {answer.Sdp}");
            Say(System.Convert.ToBase64String(Encoding.UTF8.GetBytes(answer.Sdp)));
        }

        Hear();
        _count += count;
    }

    /// <summary>Forgets what was seen so far.</summary>
    public void Reset()
    {
        Say("reset");
        Hear();
    }

    /// <summary>What each viewer has seen since.</summary>
    public ViewerDelay[] Delays()
    {
        Say("delays");
        return [.. Enumerable.Range(0, _count).Select(_ => ViewerDelay.Parse(Hear()))];
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000))
            _process.Kill();
        _process.Dispose();
    }

    /// <summary>The other side: runs until its input ends.</summary>
    public static int Serve(TextReader input, TextWriter output)
    {
        using var thread = new SocketViewerThread();
        var viewers = new List<SocketViewer>();
        while (input.ReadLine() is { } line)
        {
            switch (line.Split(' '))
            {
                case ["join", string count]:
                    for (int i = int.Parse(count, CultureInfo.InvariantCulture); i > 0; i--)
                        viewers.Add(Join(input, output, thread, viewers.Count));
                    while (!thread.Look(() => viewers.TrueForAll(v => v.IsConnected)))
                        Thread.Sleep(5);
                    output.WriteLine("connected");
                    break;
                case ["reset"]:
                    thread.Look(() =>
                    {
                        viewers.ForEach(v => v.Jitter.Shown.Clear());
                        return true;
                    });
                    output.WriteLine("reset");
                    break;
                case ["delays"]:
                    foreach (SocketViewer viewer in viewers)
                        output.WriteLine(thread.Look(() => ViewerDelay.Of(viewer.Jitter.Shown)));
                    break;
            }

            output.Flush();
        }

        return 0;
    }

    private static SocketViewer Join(TextReader input, TextWriter output, SocketViewerThread thread, int number)
    {
        var viewer = new SocketViewer(new SeededRandom(number));
        output.WriteLine(System.Convert.ToBase64String(Encoding.UTF8.GetBytes(viewer.Offer)));
        output.Flush();
        viewer.Connect(Encoding.UTF8.GetString(System.Convert.FromBase64String(input.ReadLine()!)));
        thread.Add(viewer);
        return viewer;
    }

    private void Say(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    private string Hear() => _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The viewers' process has ended.");
}
