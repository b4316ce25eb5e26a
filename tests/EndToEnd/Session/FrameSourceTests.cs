using QemuZeroCopy.EndToEnd.Tests.Harness;

namespace QemuZeroCopy.EndToEnd.Tests.Session;

/// <summary>qzc in front of the frame source: the same protocol as QEMU's, from another hand.</summary>
public sealed class FrameSourceTests(Browser browser) : EndToEndTest(browser)
{
    [Theory]
    [InlineData("video", "shared")]
    [InlineData("typing", "shared")]
    [InlineData("video", "dmabuf")]
    public async Task Its_numbered_frames_are_seen_in_the_browser_in_order(string kind, string memory)
    {
        FrameSourceProcess source = Own(await FrameSourceProcess.StartAsync(Folder, kind, "1024x640", 30, memory: memory));
        QzcProcess qzc = Own(await QzcProcess.StartAsync(Folder, ["attach", "--qmp", source.QmpPath, "--listen", $"127.0.0.1:{QzcProcess.FreePort()}"]));
        Viewer viewer = await OpenAsync(qzc);
        int last = 0;
        for (int seen = 0; seen < 3; seen++)
        {
            Picture picture = await viewer.PictureAsync($"a frame after {last}", picture => FrameBarcode.Read(picture) > last);
            Assert.Equal((1024, 640), (picture.Width, picture.Height));
            last = FrameBarcode.Read(picture)!.Value;
        }
    }
}
