/* clp_interrupt.cc: lets an interrupt end a run of Clp, which takes many seconds in large programs. Clp asks an event
 * handler at each iteration whether to go on. Its C interface, through which all else is done (embedded_clp.c), has
 * none, and its messages, where that calls back, are printed as well. Cost: a call for each iteration. */
#define CLP_EXTERN_C
#include <ClpSimplex.hpp>

#include <ClpEventHandler.hpp>
#include <Clp_C_Interface.h>

namespace {
class watch : public ClpEventHandler {
public:
    watch(bool (*stops)(void *), void *arg) : stops_(stops), arg_(arg) {}
    int event(Event) override { return stops_(arg_) ? 0 : -1; } /* 0: Clp stops, with status 5 */
    ClpEventHandler *clone() const override { return new watch(*this); }

private:
    bool (*stops_)(void *);
    void *arg_;
};
} // namespace

/* Lets `stops` end the runs of a Clp_Simplex, from any of Clp's iterations on. */
extern "C" void nm_clp_watch(void *simplex, bool (*stops)(void *), void *arg)
{
    const watch w(stops, arg);
    static_cast<Clp_Simplex *>(simplex)->model_->passInEventHandler(&w);
}
