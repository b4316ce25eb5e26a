using QemuZeroCopy.Interop.Linux;
using QemuZeroCopy.Interop.Vulkan;
using QemuZeroCopy.Pipeline.Convert;
using QemuZeroCopy.Pipeline.Convert.Vulkan;
using QemuZeroCopy.Pipeline.Frames;

namespace QemuZeroCopy.Lab.Tests.Probe;

/// <summary>
/// Images by modifier, read and written: the way of tiled memory. No driver here tiles, but with /dev/udmabuf lavapipe
/// has VK_EXT_image_drm_format_modifier, with the linear one.
/// </summary>
internal static class ImageScenario
{
    public static void Run(Report report)
    {
        if (!VulkanInstance.TryCreate(out VulkanInstance? instance, out string why))
        {
            report.Add("images", "a Vulkan instance", false, why);
            return;
        }

        using (instance)
        using (var judge = new Judge())
        {
            VulkanPhysicalDevice physical = instance.Devices[0];
            report.Add("images", "modifiers are offered", physical.ImportsModifiers, physical.Name);
            using var converter = new VulkanConverter(new VulkanDevice(physical), preferImages: true);
            foreach (PixelFormat format in (PixelFormat[])[PixelFormat.Xrgb8888, PixelFormat.Xbgr8888, PixelFormat.Rgbx8888, PixelFormat.Bgrx8888, PixelFormat.Xrgb2101010, PixelFormat.Xbgr2101010])
            {
                using LabBuffer source = LabBuffer.FromUdmabuf(new PictureSize(200, 120), format, 0);
                ToHost(report, converter, judge, source, bottomUp: format == PixelFormat.Xbgr8888);
            }

            using (LabBuffer source = LabBuffer.FromCard("/dev/dri/card1", new PictureSize(256, 128), PixelFormat.Xrgb8888))
                ToSurface(report, converter, judge, source);
            using (LabBuffer source = LabBuffer.FromUdmabuf(new PictureSize(130, 66), PixelFormat.Xbgr8888, 0))
                ToSurface(report, converter, judge, source);
        }
    }

    private static void ToHost(Report report, VulkanConverter converter, Judge judge, LabBuffer source, bool bottomUp)
    {
        source.Scribble(3);
        using var target = new HostPicture(source.Size);
        ConvertOutcome outcome = Convert(converter, source, target, bottomUp);
        int worst = outcome == ConvertOutcome.Converted ? judge.LargestDifference(source, target, bottomUp) : 255;
        report.Add("images", $"{source.Format} image to a buffer", worst <= 1, $"{outcome}, largest difference", worst);
    }

    private static unsafe void ToSurface(Report report, VulkanConverter converter, Judge judge, LabBuffer source)
    {
        // Two planes of bytes in one udmabuf, as a driver exports its surface: 4 bytes of the buffer are 4 samples.
        int stride = (source.Size.Width + 255) & ~255, rows = (source.Size.Height + 15) & ~15;
        using LabBuffer memory = LabBuffer.FromUdmabuf(new PictureSize(stride / 4, rows * 3 / 2), PixelFormat.Xrgb8888, 0);
        int fd = (int)memory.Fd.DangerousGetHandle();
        source.Scribble(4);
        using var surface = new DmaBufPicture(
            source.Size, new DmaBufPlane(Fds.TryDuplicate(fd)!, 0, (uint)stride), new DmaBufPlane(Fds.TryDuplicate(fd)!, (uint)(stride * rows), (uint)stride), 0, 1);
        ConvertOutcome outcome = Convert(converter, source, surface, bottomUp: false);
        byte* planes = (byte*)memory.Address;
        int worst = outcome == ConvertOutcome.Converted ? judge.LargestDifference(source, planes, stride, planes + stride * rows, stride, false) : 255;
        report.Add("images", $"{source.Format} image to two images", worst <= 1, $"{outcome}, largest difference", worst);
    }

    private static ConvertOutcome Convert(VulkanConverter converter, LabBuffer source, PictureTarget target, bool bottomUp)
    {
        DmaBufScanout scanout = source.AsScanout(bottomUp);
        TileMap damage = DamageRegion.Create(source.Size), changed = new(source.Size, PictureTarget.MacroblockSize);
        damage.Fill();
        ConvertOutcome outcome = converter.Convert(scanout, damage, target, changed);
        scanout.Release();
        return outcome;
    }
}
