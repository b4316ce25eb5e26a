namespace QemuZeroCopy.EndToEnd.Tests.Harness;

/// <summary>How QEMU's screen is reached.</summary>
internal enum DisplayKind
{
    /// <summary><c>-display none</c>: for asking the guest alone.</summary>
    None,

    /// <summary><c>-display dbus,p2p=yes</c>, attached through QMP.</summary>
    PeerToPeer,

    /// <summary><c>-display dbus,addr=…</c> on a private bus.</summary>
    Bus,
}

/// <summary>What machine to start; the defaults are the ordinary case: virtio-vga with gl=off, keyboard and tablet.</summary>
internal sealed record MachineOptions
{
    public DisplayKind Display { get; init; } = DisplayKind.PeerToPeer;

    /// <summary>The guest's scene, see docs/hacking.md.</summary>
    public string Scene { get; init; } = "card";

    public string Mode { get; init; } = "1280x800";

    /// <summary>Further words for the guest's kernel command line.</summary>
    public string Append { get; init; } = "";

    public IReadOnlyList<string> Devices { get; init; } = ["virtio-vga", "virtio-keyboard-pci", "virtio-tablet-pci"];

    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>More for a dbus audiodev named "snd", each with a comma before it; null for a machine without sound.</summary>
    public string? SoundFormat { get; init; }

    /// <summary>Whether a start is over only when the guest has drawn its scene.</summary>
    public bool WaitsForGuest { get; init; } = true;
}

/// <summary>A real QEMU under TCG with the demo guest in it. Its sockets keep their paths when it is started again.</summary>
internal sealed class QemuMachine : IAsyncDisposable
{
    /// <summary>What the kernel does for its cryptography before it starts the guest, most of a second when emulated.</summary>
    private const string Unneeded = "cryptomgr.notests initcall_blacklist=jent_mod_init,crypto_kdf108_init,load_system_certificate_list,init_encrypted";

    private readonly string _folder;
    private readonly MachineOptions _options;
    private readonly PrivateBus? _bus;
    private ChildProgram? _qemu;
    private int _starts;

    private QemuMachine(string folder, MachineOptions options, PrivateBus? bus)
    {
        _folder = folder;
        _options = options;
        _bus = bus;
    }

    public Qmp Monitor { get; private set; } = null!;

    public GuestSerial Serial { get; private set; } = null!;

    public int ProcessId => _qemu?.Id ?? throw new InvalidOperationException("This machine is not running.");

    /// <summary>The monitor that is left to qzc; <see cref="Monitor"/> is the test's own.</summary>
    public string QmpPath => Path.Combine(_folder, "qmp");

    public string BusAddress => _bus?.Address ?? throw new InvalidOperationException("This machine was not started on a bus.");

    /// <summary>What qzc is told to find this machine: <c>--qmp</c> or <c>--bus</c> with its value.</summary>
    public string[] AttachArguments => _options.Display == DisplayKind.Bus ? ["--bus", BusAddress] : ["--qmp", QmpPath];

    /// <summary>Starts QEMU and waits until the guest has drawn its scene.</summary>
    public static async Task<QemuMachine> StartAsync(string folder, MachineOptions? options = null)
    {
        options ??= new MachineOptions();
        PrivateBus? bus = options.Display == DisplayKind.Bus ? await PrivateBus.StartAsync(folder) : null;
        var machine = new QemuMachine(folder, options, bus);
        try
        {
            if (options.WaitsForGuest && SavedGuests.Current is { } saved)
                await machine.GoOnAsync(saved);
            else
                await machine.StartAgainAsync();
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }

        return machine;
    }

    /// <summary>The arguments that any QEMU needs for the demo guest, without display and sockets.</summary>
    public static string[] GuestArguments(MachineOptions options) =>
    [
        "-accel", "tcg,thread=multi", "-smp", "2", "-m", "256", "-nodefaults",
        "-kernel", Paths.Kernel, "-initrd", Paths.Initramfs,
        "-append", $"console=ttyS0 quiet loglevel=3 {Unneeded} qzc.scene={options.Scene} qzc.mode={options.Mode} {options.Append}",
        .. options.Devices.SelectMany(device => new[] { "-device", device }),
        .. options.Arguments,
    ];

    /// <summary>Boots, whatever was saved.</summary>
    public async Task StartAgainAsync()
    {
        (_qemu, Monitor, Serial) = await LaunchAsync("");
        if (!_options.WaitsForGuest)
            return;
        await Serial.LineAsync("scene ");
        // Its drivers are loaded after the first picture; what is typed before is lost.
        foreach ((string device, string name) in new[] { ("virtio-keyboard", "QEMU Virtio Keyboard"), ("virtio-tablet", "QEMU Virtio Tablet") })
        {
            if (_options.Devices.Any(given => given.StartsWith(device, StringComparison.Ordinal)))
                await Serial.LineAsync($"the guest's {name}", line => line.EndsWith(name, StringComparison.Ordinal));
        }
    }

    private async Task GoOnAsync(SavedGuests saved)
    {
        using SavedGuests.SavedGuest? guest = await saved.FindAsync(_options);
        if (guest is not null)
        {
            (_qemu, Monitor, Serial) = await LaunchAsync("", "-incoming", $"exec:cat {guest.File}");
            Serial.Precede(guest.Lines);
            await IsRunningAsync(Monitor);
            return;
        }

        try
        {
            await StartAgainAsync();
            await saved.SaveAsync(_options, Monitor, Serial);
        }
        finally
        {
            saved.HasBooted(_options);
        }
    }

    private static Task IsRunningAsync(Qmp monitor) =>
        Eventually.IsTrueAsync("the guest in the new QEMU", async () => (await monitor.ExecuteAsync("query-status"))!["status"]!.GetValue<string>() == "running");

    /// <summary>Moves the running guest to a new QEMU, which takes the old one's place at its sockets; the old one ends.</summary>
    public async Task MigrateAsync()
    {
        const string suffix = ".next";
        string way = $"unix:{Path.Combine(_folder, "migration")}";
        (ChildProgram qemu, Qmp monitor, GuestSerial serial) = await LaunchAsync(suffix, "-incoming", way);
        try
        {
            await Monitor.ExecuteAsync("migrate", new() { ["uri"] = way });
            await IsRunningAsync(monitor);
        }
        catch
        {
            await qemu.DisposeAsync();
            throw;
        }

        await KillAsync();
        (_qemu, Monitor, Serial) = (qemu, monitor, serial);
        File.Move(QmpPath + suffix, QmpPath, overwrite: true);
    }

    private async Task<(ChildProgram Qemu, Qmp Monitor, GuestSerial Serial)> LaunchAsync(string suffix, params string[] more)
    {
        string qmp = QmpPath + suffix, own = Path.Combine(_folder, "qmp-test" + suffix), serial = Path.Combine(_folder, "serial" + suffix);
        foreach (string socket in new[] { qmp, own, serial })
            File.Delete(socket);
        string display = _options.Display switch
        {
            DisplayKind.None => "none",
            DisplayKind.PeerToPeer => "dbus,p2p=yes,gl=off",
            _ => $"dbus,addr={BusAddress},gl=off",
        };
        if (_options.SoundFormat is not null)
            display += ",audiodev=snd";
        var qemu = new ChildProgram($"qemu-{++_starts}", _folder, "qemu-system-x86_64",
        [
            .. _options.SoundFormat is { } format ? new[] { "-audiodev", $"dbus,id=snd{format}" } : [],
            .. GuestArguments(_options), "-display", display,
            "-qmp", $"unix:{qmp},server=on,wait=off", "-qmp", $"unix:{own},server=on,wait=off",
            "-serial", $"unix:{serial},server=on,wait=off", .. more,
        ]);
        try
        {
            await Eventually.IsTrueAsync("QEMU's sockets", () => qemu.HasExited || (File.Exists(own) && File.Exists(serial)), () => qemu.Output);
            if (qemu.HasExited)
                throw new InvalidOperationException($"QEMU ended at once:\n{qemu.Output}");
            GuestSerial lines = await GuestSerial.ConnectAsync(serial);
            return (qemu, await Qmp.ConnectAsync(own), lines);
        }
        catch
        {
            await qemu.DisposeAsync();
            throw;
        }
    }

    /// <summary>What the guest shows according to QEMU itself, without anything of ours in between.</summary>
    public async Task<Picture> ScreendumpAsync()
    {
        string path = Path.Combine(_folder, "screendump.ppm");
        await Monitor.ExecuteAsync("screendump", new() { ["filename"] = path });
        return Picture.FromPpm(await File.ReadAllBytesAsync(path));
    }

    /// <summary>As a crash: no goodbye to anybody.</summary>
    public async Task KillAsync()
    {
        Monitor.Dispose();
        Serial.Dispose();
        if (_qemu is not null)
            await _qemu.DisposeAsync();
        _qemu = null;
    }

    public async ValueTask DisposeAsync()
    {
        if (Serial is not null)
            await File.WriteAllLinesAsync(Path.Combine(_folder, "serial.log"), Serial.Lines);
        Monitor?.Dispose();
        Serial?.Dispose();
        if (_qemu is not null)
            await _qemu.DisposeAsync();
        if (_bus is not null)
            await _bus.DisposeAsync();
    }
}
