using Microsoft.Extensions.Logging;
using QemuZeroCopy.Server.Cli;

namespace QemuZeroCopy.Server.Input.Barrier;

/// <summary>The Barrier server of a run, if there is to be one. It has to be there before a QEMU that is to connect to it.</summary>
internal sealed class BarrierClients : IAsyncDisposable
{
    private readonly BarrierServer? _server;

    private BarrierClients(BarrierServer? server) => _server = server;

    /// <summary>Who is connected; null where no clients are taken.</summary>
    public BarrierRoster? Roster => _server?.Roster;

    /// <summary>Begins to take clients, where the settings say so.</summary>
    /// <exception cref="UserError">The address is taken or not ours, or the certificate cannot be used.</exception>
    public static BarrierClients Start(BarrierSettings? settings, ILoggerFactory logs)
    {
        try
        {
            return new BarrierClients(settings is null ? null : BarrierServer.Start(settings, TimeProvider.System, logs.CreateLogger("barrier")));
        }
        catch (IOException e)
        {
            throw new UserError(e.Message, inner: e);
        }
    }

    public ValueTask DisposeAsync() => _server?.DisposeAsync() ?? ValueTask.CompletedTask;
}
