using QemuZeroCopy.Bindgen;

// Reads the Khronos registries of the distribution (packages libvulkan-dev, khronos-api, libegl-dev) and
// writes bindings for just what the three .list files name. docs/hacking.md shows the call.
if (args.Length != 1 || !Directory.Exists(Path.Combine(args[0], "src", "Interop")))
{
    Console.Error.WriteLine("usage: dotnet run --project tools/bindgen -- REPOSITORY_ROOT");
    return 2;
}

var root = args[0];
var lists = Path.Combine(root, "tools", "bindgen");
var interop = Path.Combine(root, "src", "Interop");

var vulkan = new VulkanEmitter(
    new VulkanRegistry("/usr/share/vulkan/registry/vk.xml"), Selection.Read(Path.Combine(lists, "vulkan.list")));
Write("Vulkan/Generated/VkEnums.g.cs", vulkan.Enums());
Write("Vulkan/Generated/VkStructs.g.cs", vulkan.Structs());
Write("Vulkan/Generated/VkCommands.g.cs", vulkan.Commands());

Write("Gl/Generated/Gles.g.cs", GlEmitter.FromRegistry(
    "/usr/share/khronos-api/gl.xml", Selection.Read(Path.Combine(lists, "gl.list"))));
Write("Egl/Generated/Egl.g.cs", GlEmitter.FromHeaders(
    ["/usr/include/EGL/egl.h", "/usr/include/EGL/eglext.h"], Selection.Read(Path.Combine(lists, "egl.list"))));
return 0;

void Write(string relative, string text)
{
    var path = Path.Combine(interop, relative);
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    File.WriteAllText(path, text);
    Console.WriteLine(path);
}
