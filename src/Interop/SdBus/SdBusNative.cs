using System.Runtime.InteropServices;

namespace QemuZeroCopy.Interop.SdBus;

/// <summary>libsystemd's sd-bus (systemd/sd-bus.h) without its variadic functions. Negative results are −errno.</summary>
internal static unsafe partial class SdBusNative
{
    private const string Library = "libsystemd.so.0";

    [LibraryImport(Library)]
    internal static partial int sd_bus_new(nint* bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_set_address(nint bus, byte* address);

    [LibraryImport(Library)]
    internal static partial int sd_bus_set_fd(nint bus, int input, int output);

    [LibraryImport(Library)]
    internal static partial int sd_bus_set_bus_client(nint bus, int value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_set_server(nint bus, int value, Id128 id);

    [LibraryImport(Library)]
    internal static partial int sd_bus_set_anonymous(nint bus, int value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_negotiate_fds(nint bus, int value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_set_method_call_timeout(nint bus, ulong usec);

    [LibraryImport(Library)]
    internal static partial int sd_bus_start(nint bus);

    [LibraryImport(Library)]
    internal static partial void sd_bus_close(nint bus);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_unref(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_flush(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_is_open(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_is_ready(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_get_fd(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_get_events(nint bus);

    [LibraryImport(Library)]
    internal static partial int sd_bus_get_timeout(nint bus, ulong* usec);

    [LibraryImport(Library)]
    internal static partial int sd_bus_process(nint bus, nint* message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_get_n_queued_write(nint bus, ulong* count);

    [LibraryImport(Library)]
    internal static partial int sd_bus_send(nint bus, nint message, ulong* cookie);

    [LibraryImport(Library)]
    internal static partial int sd_bus_call_async(
        nint bus, nint* slot, nint message, delegate* unmanaged<nint, nint, nint, int> callback, nint userData, ulong usec);

    [LibraryImport(Library)]
    internal static partial int sd_bus_add_object(
        nint bus, nint* slot, byte* path, delegate* unmanaged<nint, nint, nint, int> callback, nint userData);

    [LibraryImport(Library)]
    internal static partial int sd_bus_add_fallback(
        nint bus, nint* slot, byte* prefix, delegate* unmanaged<nint, nint, nint, int> callback, nint userData);

    [LibraryImport(Library)]
    internal static partial int sd_bus_match_signal_async(
        nint bus, nint* slot, byte* sender, byte* path, byte* @interface, byte* member,
        delegate* unmanaged<nint, nint, nint, int> callback, delegate* unmanaged<nint, nint, nint, int> installed, nint userData);

    [LibraryImport(Library)]
    internal static partial int sd_bus_request_name_async(
        nint bus, nint* slot, byte* name, ulong flags, delegate* unmanaged<nint, nint, nint, int> callback, nint userData);

    [LibraryImport(Library)]
    internal static partial int sd_bus_slot_set_destroy_callback(nint slot, delegate* unmanaged<nint, void> callback);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_slot_unref(nint slot);

    [LibraryImport(Library)]
    internal static partial int sd_bus_slot_set_floating(nint slot, int value);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_ref(nint message);

    [LibraryImport(Library)]
    internal static partial nint sd_bus_message_unref(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_new_method_call(
        nint bus, nint* message, byte* destination, byte* path, byte* @interface, byte* member);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_new_signal(nint bus, nint* message, byte* path, byte* @interface, byte* member);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_new_method_return(nint call, nint* message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_reply_method_error(nint call, Error* error);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_set_expect_reply(nint message, int value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_set_auto_start(nint message, int value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_get_expect_reply(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_get_type(nint message, byte* type);

    [LibraryImport(Library)]
    internal static partial byte* sd_bus_message_get_interface(nint message);

    [LibraryImport(Library)]
    internal static partial byte* sd_bus_message_get_member(nint message);

    [LibraryImport(Library)]
    internal static partial byte* sd_bus_message_get_path(nint message);

    [LibraryImport(Library)]
    internal static partial byte* sd_bus_message_get_sender(nint message);

    [LibraryImport(Library)]
    internal static partial byte* sd_bus_message_get_signature(nint message, int complete);

    [LibraryImport(Library)]
    internal static partial Error* sd_bus_message_get_error(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_basic(nint message, byte type, void* value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_append_array(nint message, byte type, void* data, nuint bytes);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_open_container(nint message, byte type, byte* contents);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_close_container(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_basic(nint message, byte type, void* value);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_read_array(nint message, byte type, void** data, nuint* bytes);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_skip(nint message, byte* types);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_enter_container(nint message, byte type, byte* contents);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_exit_container(nint message);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_peek_type(nint message, byte* type, byte** contents);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_at_end(nint message, int complete);

    [LibraryImport(Library)]
    internal static partial int sd_bus_message_rewind(nint message, int complete);

    /// <summary>sd_bus_error.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Error
    {
        internal byte* Name;
        internal byte* Message;
        internal int NeedFree;
    }

    /// <summary>sd_id128_t, passed by value.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Id128
    {
        internal ulong Low;
        internal ulong High;
    }
}
