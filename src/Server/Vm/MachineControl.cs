using QemuZeroCopy.Pipeline.Display.Qmp;

namespace QemuZeroCopy.Server.Vm;

/// <summary>Pause, resume, reset and power button, where QEMU is reached through QMP.</summary>
internal sealed class MachineControl
{
    private volatile QmpClient? _qmp;

    /// <summary>QEMU's monitor; null on a bus, and while QEMU is gone.</summary>
    public QmpClient? Qmp
    {
        get => _qmp;
        set => _qmp = value;
    }

    /// <summary>Whether the machine can be controlled.</summary>
    public bool IsAvailable => _qmp is not null;

    /// <summary>Does what a page asked for. False where there is no such action, no monitor, or QEMU refused.</summary>
    public async Task<bool> ExecuteAsync(string action, CancellationToken cancellation)
    {
        string? command = action switch
        {
            "pause" => "stop",
            "resume" => "cont",
            "reset" => "system_reset",
            "power" => "system_powerdown",
            _ => null,
        };
        if (command is null || _qmp is not { } qmp)
            return false;
        try
        {
            await qmp.ExecuteAsync(command, cancellation: cancellation).ConfigureAwait(false);
            return true;
        }
        catch (Exception e) when (e is QmpException or IOException or ObjectDisposedException)
        {
            return false;
        }
    }

    /// <summary>Whether the guest's processors stand still; false where nobody can tell.</summary>
    public async Task<bool> IsPausedAsync(CancellationToken cancellation)
    {
        if (_qmp is not { } qmp)
            return false;
        try
        {
            System.Text.Json.JsonElement status = await qmp.ExecuteAsync("query-status", cancellation: cancellation).ConfigureAwait(false);
            return status.TryGetProperty("status"u8, out System.Text.Json.JsonElement state) && state.ValueEquals("paused"u8);
        }
        catch (Exception e) when (e is QmpException or IOException or ObjectDisposedException)
        {
            return false;
        }
    }
}
