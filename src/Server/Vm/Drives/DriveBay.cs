using QemuZeroCopy.Pipeline.Display.Qmp;

namespace QemuZeroCopy.Server.Vm.Drives;

/// <summary>Ejects and inserts media, where QEMU is reached through QMP and a folder of media was named.</summary>
internal sealed class DriveBay(MachineControl control, MediumFolder? folder)
{
    private volatile RemovableDrive[] _drives = [];
    private volatile string[] _files = [];

    /// <summary>The machine's removable drives, as of the last look.</summary>
    public IReadOnlyList<RemovableDrive> Drives => _drives;

    /// <summary>What can be inserted, as of the last look.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Looks at drives and folder. True where something is new.</summary>
    public async Task<bool> LookAsync(CancellationToken cancellation)
    {
        (RemovableDrive[] drives, string[] files) = (_drives, _files);
        try
        {
            _drives = control.Qmp is { } qmp ? RemovableDrive.Read(await qmp.ExecuteAsync("query-block", cancellation: cancellation).ConfigureAwait(false)) : [];
        }
        catch (QmpException)
        {
            _drives = [];
        }

        _files = _drives.Length > 0 ? folder?.List() ?? [] : [];
        return !drives.SequenceEqual(_drives) || !files.SequenceEqual(_files);
    }

    /// <summary>Takes the medium out; null, or a sentence about why not.</summary>
    public Task<string?> EjectAsync(string driveId, bool force, CancellationToken cancellation) => ChangeAsync(driveId, (qmp, drive) =>
        qmp.ExecuteAsync("eject", writer =>
        {
            writer.WriteString(drive.IsDevice ? "id" : "device", drive.Id);
            writer.WriteBoolean("force", force);
        }, cancellation: cancellation));

    /// <summary>Puts a file of the folder in, instead of what is there; null, or a sentence about why not.</summary>
    public Task<string?> InsertAsync(string driveId, string file, CancellationToken cancellation)
    {
        if (folder is null)
            return Task.FromResult<string?>("qzc was started without a folder of media (--media-dir).");
        if (folder.Find(file) is not { } path)
            return Task.FromResult<string?>($"There is no {file} in the folder of media.");
        return ChangeAsync(driveId, (qmp, drive) => qmp.ExecuteAsync("blockdev-change-medium", writer =>
        {
            writer.WriteString(drive.IsDevice ? "id" : "device", drive.Id);
            writer.WriteString("filename", path);
            // Not probed: a file that says it is qcow2 could name any file of the host as its backing file.
            writer.WriteString("format", "raw");
            writer.WriteString("read-only-mode", "read-only");
        }, cancellation: cancellation));
    }

    private async Task<string?> ChangeAsync(string driveId, Func<QmpClient, RemovableDrive, Task> change)
    {
        if (control.Qmp is not { } qmp || Array.Find(_drives, drive => drive.Id == driveId) is not { } found)
            return "The machine has no such drive now.";
        try
        {
            await change(qmp, found).ConfigureAwait(false);
            return null;
        }
        catch (QmpException e)
        {
            return $"QEMU did not do it: {e.Message}";
        }
    }
}
