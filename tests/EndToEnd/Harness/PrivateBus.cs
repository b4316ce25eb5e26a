namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>A D-Bus daemon for one test, in its own folder, that no session of the machine knows of.</summary>
internal sealed class PrivateBus : IAsyncDisposable
{
    private readonly ChildProgram _daemon;

    private PrivateBus(ChildProgram daemon, string address)
    {
        _daemon = daemon;
        Address = address;
    }

    public string Address { get; }

    public static async Task<PrivateBus> StartAsync(string folder)
    {
        string config = Path.Combine(folder, "bus.conf"), socket = Path.Combine(folder, "bus");
        await File.WriteAllTextAsync(config, $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>session</type>
              <listen>unix:path={socket}</listen>
              <auth>EXTERNAL</auth>
              <policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
            </busconfig>
            """);
        var daemon = new ChildProgram("dbus-daemon", folder, "dbus-daemon", [$"--config-file={config}", "--nofork", "--nopidfile"]);
        await Eventually.IsTrueAsync("the bus's socket", () => File.Exists(socket), () => daemon.Output);
        return new PrivateBus(daemon, $"unix:path={socket}");
    }

    public ValueTask DisposeAsync() => _daemon.DisposeAsync();
}
