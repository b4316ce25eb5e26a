using System.Reflection;
using System.Text;

namespace QemuZeroCopy.Pipeline.Convert.Gpu;

/// <summary>The shaders embedded by Shaders.targets.</summary>
internal static class Shaders
{
    /// <summary>SPIR-V of nv12.comp for a source and a target that are images or buffers.</summary>
    public static byte[] Spirv(bool sourceImage, bool targetImage) =>
        Read($"nv12.{(sourceImage ? "image" : "buffer")}.{(targetImage ? "image" : "buffer")}.spv");

    /// <summary>The GLSL text of a shader of native/shaders; nv12.comp has no #version line.</summary>
    public static string Text(string name) => Encoding.UTF8.GetString(Read(name));

    private static byte[] Read(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The resource {name} is missing from the build.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
