using System.Reflection;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>The shaders embedded by Shaders.targets.</summary>
internal static class Shaders
{
    /// <summary>SPIR-V of nv12.comp for a source and a target that are images or buffers.</summary>
    public static byte[] Spirv(bool sourceImage, bool targetImage) =>
        Read($"nv12.{(sourceImage ? "image" : "buffer")}.{(targetImage ? "image" : "buffer")}.spv");

    /// <summary>The GLSL text of nv12.comp, without a #version line.</summary>
    public static byte[] Text() => Read("nv12.comp");

    private static byte[] Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is missing from the build.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
