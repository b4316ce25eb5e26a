using System.Text.Json;
using QemuZeroCopy.Server.Vm;
using QemuZeroCopy.Server.Vm.Drives;

namespace QemuZeroCopy.Server.Tests.Vm.Drives;

public sealed class DrivesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("qzc-test-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void The_removable_drives_are_read_with_names_and_without_the_hosts_paths()
    {
        RemovableDrive[] drives = RemovableDrive.Read(JsonElement.Parse("""
            [
              {"device":"disk","qdev":"disk0","removable":false,"inserted":{"file":"/vm/disk.qcow2"}},
              {"device":"ide2-cd0","qdev":"/machine/unattached/device[23]","removable":true,"tray_open":false,"inserted":{"file":"/secret/place/debian.iso"}},
              {"device":"","qdev":"cd1","removable":true,"tray_open":true},
              {"device":"floppy0","removable":true},
              {"device":"","removable":true},
              {"device":7,"qdev":null,"removable":true},
              17
            ]
            """));
        Assert.Equal(
            [
                new RemovableDrive("/machine/unattached/device[23]", true, "ide2-cd0", "debian.iso", false),
                new RemovableDrive("cd1", true, "cd1", "", true),
                new RemovableDrive("floppy0", false, "floppy0", "", false),
            ],
            drives);
        Assert.Empty(RemovableDrive.Read(JsonElement.Parse("{}")));
    }

    [Fact]
    public void Only_plain_files_of_the_folder_are_media()
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "b.iso"), "");
        File.WriteAllText(Path.Combine(_folder.FullName, "A.img"), "");
        File.WriteAllText(Path.Combine(_folder.FullName, ".hidden"), "");
        _folder.CreateSubdirectory("below");
        File.WriteAllText(Path.Combine(_folder.FullName, "below", "c.iso"), "");
        File.CreateSymbolicLink(Path.Combine(_folder.FullName, "link.iso"), "/etc/passwd");
        var folder = new MediumFolder(_folder.FullName);
        Assert.Equal(["A.img", "b.iso"], folder.List());
        Assert.Equal(Path.Combine(_folder.FullName, "b.iso"), folder.Find("b.iso"));
        foreach (string name in (string[])["", ".", "..", ".hidden", "link.iso", "below/c.iso", "../" + _folder.Name + "/b.iso", "/etc/passwd", "b.iso\0", "B.ISO", "json:{}"])
            Assert.Null(folder.Find(name));
        Assert.Empty(new MediumFolder("/nowhere/at/all").List());
    }

    [Fact]
    public async Task Without_a_folder_or_a_monitor_nothing_is_done_and_it_is_said_why()
    {
        var bay = new DriveBay(new MachineControl(), null);
        Assert.Contains("--media-dir", await bay.InsertAsync("cd0", "a.iso", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Contains("no such drive", await bay.EjectAsync("cd0", false, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        var other = new DriveBay(new MachineControl(), new MediumFolder(_folder.FullName));
        Assert.Contains("There is no a.iso", await other.InsertAsync("cd0", "a.iso", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.False(await other.LookAsync(TestContext.Current.CancellationToken));
    }
}
