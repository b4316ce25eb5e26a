using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>The published <c>qzc</c> itself, on a port of its own.</summary>
internal sealed partial class QzcProcess : IAsyncDisposable
{
    private const int FirstPort = 10_000, Ports = 10_000;

    // Processes that run beside each other begin at different places.
    private static int s_port = Random.Shared.Next(Ports);

    private readonly ChildProgram _program;

    private QzcProcess(ChildProgram program, Uri page)
    {
        _program = program;
        Page = page;
    }

    /// <summary>The address that qzc printed, token included: what a person would open.</summary>
    public Uri Page { get; }

    public ChildProgram Program => _program;

    /// <summary>Starts <c>qzc attach</c> to the machine and waits for the address.</summary>
    public static Task<QzcProcess> AttachAsync(string folder, QemuMachine machine, int? port = null, params string[] more) =>
        StartAsync(folder, ["attach", .. machine.AttachArguments, "--listen", $"127.0.0.1:{port ?? FreePort()}", .. more]);

    /// <summary>Starts qzc with exactly these arguments and waits for the address.</summary>
    public static async Task<QzcProcess> StartAsync(string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var program = new ChildProgram($"qzc-{Guid.NewGuid():N}"[..8], folder, Paths.Qzc, arguments, environment);
        try
        {
            string line = await program.LineAsync("://");
            return new QzcProcess(program, new Uri(Address().Match(line).Value));
        }
        catch
        {
            await program.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs qzc to its end, for what is expected to end by itself.</summary>
    public static async Task<(int ExitCode, IReadOnlyList<string> Errors, string Output)> RunAsync(string folder, params string[] arguments)
    {
        await using var program = new ChildProgram($"qzc-{Guid.NewGuid():N}"[..8], folder, Paths.Qzc, arguments);
        int code = await program.ExitAsync();
        return (code, program.Errors, program.Output);
    }

    /// <summary>A port that nobody has been given before, below those that the kernel gives to whoever asks for any.</summary>
    public static int FreePort()
    {
        while (true)
        {
            int port = FirstPort + (int)((uint)Interlocked.Increment(ref s_port) % Ports);
            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Somebody else's; the next one.
            }
        }
    }

    public ValueTask DisposeAsync() => _program.DisposeAsync();

    [GeneratedRegex(@"https?://\S+")]
    private static partial Regex Address();
}
